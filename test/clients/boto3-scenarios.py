"""The scenarios of boto3: python boto3-scenarios.py SCENARIO URL BUCKET

A scenario that fails raises; the last line printed is a remark.
"""

import base64
import hashlib
import io
import os
import statistics
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import zlib

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.exceptions import ClientError

MIB = 1024 * 1024
ODD_KEYS = ["a b+c%20ü.bin", "emoji 😀🚢", "/leading//double/", "dots/../and/.", "q?&=#;:@'\"<>\\|", "x" * 1024]


def connect(url, **config):
    settings = Config(signature_version="s3v4", s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}, **config)
    return boto3.client("s3", endpoint_url=url, config=settings)


def fails_with(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        found = error.response["Error"]["Code"]
        assert found == code, f"{found} instead of {code}: {error}"
        assert error.response["ResponseMetadata"].get("RequestId"), "an error has a request id"
        return error.response
    raise AssertionError(f"{code} was expected, and nothing failed")


def read(s3, bucket, key, **more):
    return s3.get_object(Bucket=bucket, Key=key, **more)["Body"].read()


def round_trip(s3, bucket, url):
    for size in (0, 1, 10, 16_384, 16_385, 1_000_000, 9 * MIB):
        body = os.urandom(size)
        put = s3.put_object(Bucket=bucket, Key=f"size-{size}", Body=body)
        assert put["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'
        assert read(s3, bucket, f"size-{size}") == body
        if size > 100:
            assert read(s3, bucket, f"size-{size}", Range="bytes=7-99") == body[7:100]
            assert read(s3, bucket, f"size-{size}", Range="bytes=-50") == body[-50:]
    for key in ODD_KEYS:
        body = key.encode() * 3
        s3.put_object(Bucket=bucket, Key=key, Body=body, Metadata={"Odd": "a-value"})
        assert read(s3, bucket, key) == body, key
        assert s3.head_object(Bucket=bucket, Key=key)["Metadata"] == {"odd": "a-value"}
    fails_with("KeyTooLongError", s3.put_object, Bucket=bucket, Key="x" * 1025, Body=b"body")
    described = {
        "ContentType": "text/x-odd; charset=utf-8",
        "ContentDisposition": 'attachment; filename="a b.txt"',
        "ContentLanguage": "de",
        "ContentEncoding": "gzip",
        "CacheControl": "max-age=77",
    }
    s3.put_object(Bucket=bucket, Key="described", Body=b"body", Metadata={"one": "1", "two": " 2  2 "}, **described)
    head = s3.head_object(Bucket=bucket, Key="described")
    for name, value in described.items():
        assert head[name] == value, (name, head[name])
    assert head["Metadata"] == {"one": "1", "two": "2  2"}, head["Metadata"]
    overridden = s3.get_object(Bucket=bucket, Key="described", ResponseContentType="x/y", ResponseCacheControl="none")
    assert (overridden["ContentType"], overridden["CacheControl"]) == ("x/y", "none")
    etag = head["ETag"]
    fails_with("304", s3.get_object, Bucket=bucket, Key="described", IfNoneMatch=etag)
    fails_with("PreconditionFailed", s3.get_object, Bucket=bucket, Key="described", IfMatch='"0"')
    fails_with("304", s3.get_object, Bucket=bucket, Key="described", IfModifiedSince=head["LastModified"])
    attributes = s3.get_object_attributes(
        Bucket=bucket, Key="described", ObjectAttributes=["ETag", "ObjectSize", "StorageClass", "Checksum"]
    )
    assert attributes["ObjectSize"] == 4 and attributes["ETag"] == etag.strip('"')


def copies(s3, bucket, url):
    body = os.urandom(3 * MIB)
    s3.put_object(Bucket=bucket, Key="source ü+", Body=body, ContentType="x/one", Metadata={"a": "1"})
    source = {"Bucket": bucket, "Key": "source ü+"}
    copied = s3.copy_object(Bucket=bucket, Key="kept", CopySource=source)
    assert copied["CopyObjectResult"]["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'
    kept = s3.get_object(Bucket=bucket, Key="kept")
    assert (kept["ContentType"], kept["Metadata"], kept["Body"].read()) == ("x/one", {"a": "1"}, body)
    s3.copy_object(
        Bucket=bucket, Key="new", CopySource=source, MetadataDirective="REPLACE", ContentType="x/two", Metadata={"b": "2"}
    )
    new = s3.get_object(Bucket=bucket, Key="new")
    assert (new["ContentType"], new["Metadata"], new["Body"].read()) == ("x/two", {"b": "2"}, body)
    fails_with("InvalidRequest", s3.copy_object, Bucket=bucket, Key="source ü+", CopySource=source)
    s3.copy_object(
        Bucket=bucket, Key="source ü+", CopySource=source, MetadataDirective="REPLACE", Metadata={"c": "3"}
    )
    assert s3.head_object(Bucket=bucket, Key="source ü+")["Metadata"] == {"c": "3"}
    assert read(s3, bucket, "source ü+") == body
    fails_with("PreconditionFailed", s3.copy_object, Bucket=bucket, Key="no", CopySource=source, CopySourceIfMatch='"0"')
    fails_with("NoSuchKey", s3.copy_object, Bucket=bucket, Key="no", CopySource={"Bucket": bucket, "Key": "absent"})
    s3.delete_object(Bucket=bucket, Key="source ü+")
    assert read(s3, bucket, "kept") == body, "a copy outlives its source"
    other = f"{bucket}-other"
    s3.create_bucket(Bucket=other)
    s3.copy_object(Bucket=other, Key="elsewhere", CopySource={"Bucket": bucket, "Key": "kept"})
    assert read(s3, other, "elsewhere") == body
    empty(s3, other)


def managed_transfers(s3, bucket, url):
    parts = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB, max_concurrency=4)
    body = os.urandom(23 * MIB + 11)
    s3.upload_fileobj(io.BytesIO(body), bucket, "stream", Config=parts, ExtraArgs={"Metadata": {"a": "b"}})
    s3.upload_fileobj(Unseekable(body), bucket, "unseekable", Config=parts)
    for key in ("stream", "unseekable"):
        back = io.BytesIO()
        s3.download_fileobj(bucket, key, back, Config=parts)
        assert back.getvalue() == body, key
    s3.copy({"Bucket": bucket, "Key": "stream"}, bucket, "copied in parts", Config=parts)
    assert read(s3, bucket, "copied in parts") == body
    assert s3.head_object(Bucket=bucket, Key="copied in parts")["Metadata"] == {"a": "b"}


def multipart(s3, bucket, url):
    source = os.urandom(8 * MIB)
    s3.put_object(Bucket=bucket, Key="source", Body=source)
    key = "joined ü"
    upload = {"Bucket": bucket, "Key": key}
    upload["UploadId"] = s3.create_multipart_upload(Bucket=bucket, Key=key, ContentType="x/y")["UploadId"]
    first, third = os.urandom(5 * MIB + 3), os.urandom(1000)
    s3.upload_part(**upload, PartNumber=1, Body=os.urandom(5 * MIB))
    etags = {1: s3.upload_part(**upload, PartNumber=1, Body=first)["ETag"]}
    copied = s3.upload_part_copy(
        **upload, PartNumber=7, CopySource={"Bucket": bucket, "Key": "source"}, CopySourceRange="bytes=100-6000099"
    )
    etags[7] = copied["CopyPartResult"]["ETag"]
    etags[9000] = s3.upload_part(**upload, PartNumber=9000, Body=third)["ETag"]
    pages = s3.get_paginator("list_parts").paginate(**upload, PaginationConfig={"PageSize": 1})
    assert [part["PartNumber"] for page in pages for part in page.get("Parts", [])] == [1, 7, 9000]
    fails_with("NoSuchKey", s3.get_object, Bucket=bucket, Key=key)
    listed = [{"PartNumber": number, "ETag": etag} for number, etag in etags.items()]
    fails_with("InvalidPartOrder", s3.complete_multipart_upload, **upload, MultipartUpload={"Parts": listed[::-1]})
    wrong = [{"PartNumber": 1, "ETag": '"00000000000000000000000000000000"'}]
    fails_with("InvalidPart", s3.complete_multipart_upload, **upload, MultipartUpload={"Parts": wrong})
    done = s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": listed})
    digests = b"".join(bytes.fromhex(etag.strip('"')) for etag in etags.values())
    assert done["ETag"] == f'"{hashlib.md5(digests).hexdigest()}-3"'
    whole = first + source[100:6_000_100] + third
    assert read(s3, bucket, key) == whole
    assert read(s3, bucket, key, Range=f"bytes={len(first) - 5}-{len(first) + 4}") == whole[len(first) - 5 : len(first) + 5]
    assert read(s3, bucket, key, PartNumber=7) == source[100:6_000_100]
    fails_with("NoSuchUpload", s3.list_parts, **{**upload, "UploadId": "never-was"})
    small = s3.create_multipart_upload(Bucket=bucket, Key="small parts")["UploadId"]
    parts = []
    for number in (1, 2):
        etag = s3.upload_part(Bucket=bucket, Key="small parts", UploadId=small, PartNumber=number, Body=b"tiny")["ETag"]
        parts.append({"PartNumber": number, "ETag": etag})
    fails_with(
        "EntityTooSmall",
        s3.complete_multipart_upload,
        Bucket=bucket,
        Key="small parts",
        UploadId=small,
        MultipartUpload={"Parts": parts},
    )
    s3.abort_multipart_upload(Bucket=bucket, Key="small parts", UploadId=small)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


def presigned(s3, bucket, url):
    key, body = "shared ü +%2F", os.urandom(100_000)
    put = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=60)
    assert "X-Amz-Signature" in put
    assert fetch("PUT", put, body)[0] == 200
    get = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=60)
    assert fetch("GET", get) == (200, body)
    status, part = fetch("GET", get, headers={"Range": "bytes=10-19"})
    assert (status, part) == (206, body[10:20])
    head = s3.generate_presigned_url("head_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=60)
    assert fetch("HEAD", head)[0] == 200
    typed = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": key, "ContentType": "a/b"})
    assert fetch("PUT", typed, b"typed", {"Content-Type": "a/c"})[0] == 403
    assert fetch("PUT", typed, b"typed", {"Content-Type": "a/b"})[0] == 200
    assert fetch("PUT", get, b"with a URL for reading")[0] == 403
    assert fetch("GET", get[:-1] + ("0" if get[-1] != "0" else "1"))[0] == 403
    assert read(s3, bucket, key) == b"typed"
    removal = s3.generate_presigned_url("delete_object", Params={"Bucket": bucket, "Key": key})
    assert fetch("DELETE", removal)[0] == 204
    assert fetch("GET", get)[0] == 404
    disposed = s3.generate_presigned_url(
        "list_objects_v2", Params={"Bucket": bucket, "Prefix": "a b/ü", "Delimiter": "/"}, ExpiresIn=60
    )
    assert fetch("GET", disposed)[0] == 200


def paginators(s3, bucket, url):
    keys = sorted((f"dir {i % 4}/ü+{i:03}" for i in range(60)), key=str.encode)
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    for operation in ("list_objects_v2", "list_objects"):
        pages = list(s3.get_paginator(operation).paginate(Bucket=bucket, PaginationConfig={"PageSize": 7}))
        assert [item["Key"] for page in pages for item in page.get("Contents", [])] == keys, operation
        assert len(pages) == 9
        pages = s3.get_paginator(operation).paginate(Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": 3})
        prefixes = [item["Prefix"] for page in pages for item in page.get("CommonPrefixes", [])]
        assert prefixes == ["dir 0/", "dir 1/", "dir 2/", "dir 3/"], (operation, prefixes)
    after = s3.list_objects_v2(Bucket=bucket, StartAfter=keys[30], FetchOwner=True)
    assert [item["Key"] for item in after["Contents"]] == keys[31:]
    assert after["Contents"][0]["Owner"]["ID"]
    assert s3.list_objects_v2(Bucket=bucket, MaxKeys=0)["KeyCount"] == 0
    sized = s3.list_objects_v2(Bucket=bucket, MaxKeys=1)["Contents"][0]
    assert sized["Size"] == len(keys[0].encode())
    assert sized["ETag"] == f'"{hashlib.md5(keys[0].encode()).hexdigest()}"'
    assert bucket in [item["Name"] for item in s3.list_buckets()["Buckets"]]


def batch_delete(s3, bucket, url):
    keys = [f"key <{i}> & ü" for i in range(1000)]
    with_threads(keys, lambda key: s3.put_object(Bucket=bucket, Key=key, Body=b""), 8)
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 1000
    done = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys]})
    assert sorted(item["Key"] for item in done["Deleted"]) == sorted(keys) and "Errors" not in done
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    quiet = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "never was"}], "Quiet": True})
    assert "Deleted" not in quiet and "Errors" not in quiet
    too_many = {"Objects": [{"Key": str(i)} for i in range(1001)]}
    fails_with("MalformedXML", s3.delete_objects, Bucket=bucket, Delete=too_many)


def races(s3, bucket, url):
    for turn in range(5):
        key, outcomes = f"raced-{turn}", []

        def put(number):
            try:
                s3.put_object(Bucket=bucket, Key=key, Body=f"racer {number}".encode(), IfNoneMatch="*")
                outcomes.append(("won", number))
            except ClientError as error:
                outcomes.append((error.response["Error"]["Code"], number))

        with_threads(range(16), put, 16)
        winners = [number for outcome, number in outcomes if outcome == "won"]
        others = {outcome for outcome, number in outcomes if outcome != "won"}
        assert len(winners) == 1, outcomes
        assert others <= {"PreconditionFailed", "ConditionalRequestConflict"}, outcomes
        assert read(s3, bucket, key) == f"racer {winners[0]}".encode()
    etag = s3.put_object(Bucket=bucket, Key="swapped", Body=b"first")["ETag"]
    second = s3.put_object(Bucket=bucket, Key="swapped", Body=b"second", IfMatch=etag)["ETag"]
    fails_with("PreconditionFailed", s3.put_object, Bucket=bucket, Key="swapped", Body=b"third", IfMatch=etag)
    assert read(s3, bucket, "swapped") == b"second"
    fails_with("PreconditionFailed", s3.delete_object, Bucket=bucket, Key="swapped", IfMatch=etag)
    s3.delete_object(Bucket=bucket, Key="swapped", IfMatch=second)
    fails_with("NoSuchKey", s3.put_object, Bucket=bucket, Key="swapped", Body=b"fourth", IfMatch=second)


def checksums(s3, bucket, url):
    body = os.urandom(200_000)
    own = {
        "CRC32": zlib.crc32(body).to_bytes(4, "big"),
        "CRC32C": crc(body, 0x82F63B78, 32),
        "CRC64NVME": crc(body, 0x9A6C9329AC4BC9B5, 64),
        "SHA1": hashlib.sha1(body).digest(),
        "SHA256": hashlib.sha256(body).digest(),
    }
    for algorithm, digest in own.items():
        field, value = f"Checksum{algorithm}", base64.b64encode(digest).decode()
        put = s3.put_object(Bucket=bucket, Key=algorithm, Body=body, **{field: value})
        assert put[field] == value
        got = s3.get_object(Bucket=bucket, Key=algorithm, ChecksumMode="ENABLED")
        assert got["Body"].read() == body and got[field] == value and got["ChecksumType"] == "FULL_OBJECT"
        header = f"x-amz-checksum-{algorithm.lower()}"
        assert put_with_trailer(s3, bucket, f"{algorithm} trailer", body, header, value) == 200, algorithm
        assert s3.head_object(Bucket=bucket, Key=f"{algorithm} trailer", ChecksumMode="ENABLED")[field] == value
        assert read(s3, bucket, f"{algorithm} trailer") == body
        wrong = base64.b64encode(bytes(len(digest))).decode()
        assert put_with_trailer(s3, bucket, f"{algorithm} trailer", body[:-1], header, wrong) == 400
        assert read(s3, bucket, f"{algorithm} trailer") == body
        fails_with("BadDigest", s3.put_object, Bucket=bucket, Key=algorithm, Body=body, **{field: wrong})
        assert read(s3, bucket, algorithm) == body
    for algorithm in ("CRC32", "SHA1", "SHA256"):
        put = s3.put_object(Bucket=bucket, Key="asked", Body=Stream(body), ChecksumAlgorithm=algorithm)
        assert put[f"Checksum{algorithm}"] == base64.b64encode(own[algorithm]).decode()
        assert read(s3, bucket, "asked") == body


def multipart_checksums(s3, bucket, url):
    pieces = [os.urandom(5 * MIB), os.urandom(5 * MIB), os.urandom(99)]
    whole = b"".join(pieces)
    for algorithm, kind in (("CRC32", "COMPOSITE"), ("CRC32", "FULL_OBJECT"), ("SHA256", "COMPOSITE"), ("SHA1", "COMPOSITE")):
        key = f"{algorithm} {kind}"
        created = s3.create_multipart_upload(Bucket=bucket, Key=key, ChecksumAlgorithm=algorithm, ChecksumType=kind)
        upload = {"Bucket": bucket, "Key": key, "UploadId": created["UploadId"]}
        assert (created["ChecksumAlgorithm"], created["ChecksumType"]) == (algorithm, kind)
        digest = {"CRC32": lambda data: zlib.crc32(data).to_bytes(4, "big"), "SHA1": sha1, "SHA256": sha256}[algorithm]
        parts = []
        for number, piece in enumerate(pieces, 1):
            sent = s3.upload_part(**upload, PartNumber=number, Body=piece, ChecksumAlgorithm=algorithm)
            value = base64.b64encode(digest(piece)).decode()
            assert sent[f"Checksum{algorithm}"] == value
            parts.append({"PartNumber": number, "ETag": sent["ETag"], f"Checksum{algorithm}": value})
        done = s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts}, ChecksumType=kind)
        if kind == "FULL_OBJECT":
            expected = base64.b64encode(digest(whole)).decode()
        else:
            expected = base64.b64encode(digest(b"".join(map(digest, pieces)))).decode() + "-3"
        assert done[f"Checksum{algorithm}"] == expected, (done, expected)
        assert done["ChecksumType"] == kind
        head = s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
        assert (head[f"Checksum{algorithm}"], head["ChecksumType"]) == (expected, kind)
        assert read(s3, bucket, key) == whole
        attributes = s3.get_object_attributes(Bucket=bucket, Key=key, ObjectAttributes=["Checksum", "ObjectParts", "ObjectSize"])
        assert attributes["ObjectSize"] == len(whole) and attributes["ObjectParts"]["TotalPartsCount"] == 3


def small_puts(s3, bucket, url):
    seen = []
    s3.meta.events.register("before-send.s3.PutObject", lambda request, **_: seen.append(request.headers.get("Expect")))
    millis = []
    for i in range(21):
        begun = time.perf_counter()
        s3.put_object(Bucket=bucket, Key=f"small-{i}", Body=b"0123456789")
        millis.append((time.perf_counter() - begun) * 1000)
    assert seen and all(value in (b"100-continue", "100-continue") for value in seen), "botocore sends Expect"
    median = statistics.median(millis[1:])
    assert read(s3, bucket, "small-20") == b"0123456789"
    assert median < 50, f"the median is {median:.1f} ms"
    print(f"median {median:.1f} ms, slowest {max(millis[1:]):.1f} ms")


def empty_puts(s3, bucket, url):
    """botocore takes the answer to the next put for nonsense where an empty one got no 100 Continue."""
    for turn in range(2):
        for key, body in (("empty", b""), ("full", b"body"), ("empty again", b"")):
            begun = time.perf_counter()
            assert s3.put_object(Bucket=bucket, Key=key, Body=body)["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'
            assert time.perf_counter() - begun < 1, f"{key} took long"


def mismatches(s3, bucket, url):
    for size in (10, 50_000):
        key, before, body = f"kept-{size}", os.urandom(size), os.urandom(size)
        s3.put_object(Bucket=bucket, Key=key, Body=before)
        wrong = {"Bucket": bucket, "Key": key, "Body": body}
        other_md5 = base64.b64encode(hashlib.md5(b"other").digest()).decode()
        fails_with("BadDigest", s3.put_object, **wrong, ContentMD5=other_md5)
        fails_with("InvalidDigest", s3.put_object, **wrong, ContentMD5="no base64 of 16 bytes")
        fails_with("BadDigest", s3.put_object, **wrong, ChecksumCRC32="AAAAAA==")
        url = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": key})
        assert fetch("PUT", url, body, {"Content-MD5": other_md5})[0] == 400
        tampering = connect(s3.meta.endpoint_url)
        tampering.meta.events.register("before-send.s3.PutObject", tamper)
        fails_with("XAmzContentSHA256Mismatch", tampering.put_object, **wrong)
        assert read(s3, bucket, key) == before
        upload = s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
        part = {"Bucket": bucket, "Key": key, "UploadId": upload, "PartNumber": 1}
        fails_with("BadDigest", s3.upload_part, **part, Body=body, ContentMD5=other_md5)
        assert "Parts" not in s3.list_parts(Bucket=bucket, Key=key, UploadId=upload)
        s3.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload)
        assert read(s3, bucket, key) == before
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 2


def bucket_settings(s3, bucket, url):
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    assert s3.get_bucket_acl(Bucket=bucket)["Grants"][0]["Permission"] == "FULL_CONTROL"
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] is None
    fails_with("NoSuchBucketPolicy", s3.get_bucket_policy, Bucket=bucket)
    fails_with("NoSuchTagSet", s3.get_bucket_tagging, Bucket=bucket)
    fails_with("NoSuchLifecycleConfiguration", s3.get_bucket_lifecycle_configuration, Bucket=bucket)
    fails_with("NoSuchCORSConfiguration", s3.get_bucket_cors, Bucket=bucket)
    fails_with("ObjectLockConfigurationNotFoundError", s3.get_object_lock_configuration, Bucket=bucket)
    fails_with("NoSuchPublicAccessBlockConfiguration", s3.get_public_access_block, Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == []
    assert s3.get_object_acl(Bucket=bucket, Key="k")["Owner"]["ID"]


class Unseekable(io.RawIOBase):
    """A stream of unknown length, such as a pipe."""

    def __init__(self, data):
        self._rest = io.BytesIO(data)

    def readable(self):
        return True

    def read(self, size=-1):
        return self._rest.read(size)


class Stream(io.BytesIO):
    """Seekable, but no bytes: what an open file looks like to botocore."""


def tamper(request, **_):
    """Changes a byte after the request is signed."""
    changed = bytearray(request.body if isinstance(request.body, (bytes, bytearray)) else request.body.read())
    changed[0] ^= 1
    request.body = bytes(changed)


def put_with_trailer(s3, bucket, key, body, header, value):
    """An aws-chunked PUT with the checksum behind the body; boto3 itself sends trailers over HTTPS alone."""
    pieces = [body[i : i + 65_537] for i in range(0, len(body), 65_537)]
    framed = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    framed += b"0\r\n" + f"{header}:{value}\r\n\r\n".encode()
    headers = {
        "Content-Encoding": "aws-chunked",
        "Content-Length": str(len(framed)),
        "X-Amz-Trailer": header,
        "X-Amz-Decoded-Content-Length": str(len(body)),
    }
    url = f"{s3.meta.endpoint_url}/{bucket}/{urllib.parse.quote(key)}"
    request = AWSRequest("PUT", url, headers, framed)
    request.context["checksum"] = {"request_algorithm": {"in": "trailer"}}
    S3SigV4Auth(boto3.Session().get_credentials(), "s3", "us-east-1").add_auth(request)
    assert request.headers["X-Amz-Content-SHA256"] == "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    return fetch("PUT", url, framed, dict(request.headers))[0]


def crc(data, polynomial, bits):
    """Reflected CRC, by table; big-endian bytes."""
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (polynomial if value & 1 else 0)
        table.append(value)
    mask = (1 << bits) - 1
    state = mask
    for byte in data:
        state = table[(state ^ byte) & 0xFF] ^ (state >> 8)
    return (state ^ mask).to_bytes(bits // 8, "big")


def sha1(data):
    return hashlib.sha1(data).digest()


def sha256(data):
    return hashlib.sha256(data).digest()


def fetch(method, url, body=None, headers=None):
    request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
    if body is not None and "Content-Type" not in (headers or {}):
        request.add_header("Content-Type", "application/x-unsigned")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def with_threads(items, work, count):
    rest, failures, lock = list(items), [], threading.Lock()

    def run():
        while True:
            with lock:
                if not rest or failures:
                    return
                item = rest.pop()
            try:
                work(item)
            except Exception as error:
                failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def empty(s3, bucket):
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for item in page.get("Contents", []):
            s3.delete_object(Bucket=bucket, Key=item["Key"])
    s3.delete_bucket(Bucket=bucket)


def main():
    scenario, url, bucket = sys.argv[1:]
    s3 = connect(url, max_pool_connections=20)
    s3.create_bucket(Bucket=bucket)
    globals()[scenario](s3, bucket, url)
    empty(s3, bucket)


main()
