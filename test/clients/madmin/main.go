// Command madmin speaks to the management API as the Go client of 2017 did: signed by the library that it signed with,
// read by Go's own decoders into the types that it had. The client itself cannot be had: Go's module proxy does not keep
// that commit.
//
//	madmin ENDPOINT CALL [name=value ...]
//
// It prints what it read as JSON. An error that the server answers goes to stderr, as "status code: message".
package main

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/minio/minio-go/pkg/s3signer"
	"github.com/minio/minio-go/pkg/s3utils"
)

type call struct {
	method    string
	selector  string
	operation string
	read      func(client, url.Values, []byte) (any, error)
}

var calls = map[string]call{
	"ServiceStatus":   {"GET", "service", "status", intoJSON[serviceStatus]},
	"ServiceRestart":  {"POST", "service", "restart", nothing},
	"SetCredentials":  {"POST", "service", "set-credentials", nothing},
	"ServerInfo":      {"GET", "info", "", intoJSON[serverInfo]},
	"ListLocks":       {"GET", "lock", "list", intoJSON[[]lockInfo]},
	"ClearLocks":      {"POST", "lock", "clear", intoJSON[[]lockInfo]},
	"ListBucketsHeal": {"GET", "heal", "list-buckets", intoBuckets},
	"ListObjectsHeal": {"GET", "heal", "list-objects", everyObject},
	"ListUploadsHeal": {"GET", "heal", "list-uploads", everyUpload},
	"HealBucket":      {"POST", "heal", "bucket", nothing},
	"HealObject":      {"POST", "heal", "object", intoJSON[healResult]},
	"HealUpload":      {"POST", "heal", "upload", intoJSON[healResult]},
	"HealFormat":      {"POST", "heal", "format", nothing},
	"GetConfig":       {"GET", "config", "get", intoJSON[map[string]any]},
	"SetConfig":       {"PUT", "config", "set", intoJSON[setConfigResult]},
}

// client is one run: where to ask, as whom, and what stays the same from page to page.
type client struct {
	endpoint string
	call     call
	query    url.Values
	body     []byte
	unsigned bool // As over https: the payload is not signed, its MD5 is.
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 2 {
		return errors.New("madmin ENDPOINT CALL [name=value ...]")
	}
	one, isKnown := calls[args[1]]
	if !isKnown {
		return errors.New("no such call: " + args[1])
	}
	it := client{endpoint: args[0], call: one, query: url.Values{one.selector: {""}}}
	for _, arg := range args[2:] {
		name, value, _ := strings.Cut(arg, "=")
		switch name {
		case "body":
			it.body = []byte(value)
		case "unsigned":
			it.unsigned = true
		default:
			it.query.Set(name, value)
		}
	}
	answer, err := it.ask(it.query)
	if err != nil {
		return err
	}
	value, err := one.read(it, it.query, answer)
	if err != nil {
		return fmt.Errorf("cannot be read: %w\n%s", err, answer)
	}
	return json.NewEncoder(os.Stdout).Encode(value)
}

// ask sends one request. Only 200 is a success; a body goes without its length where the client did so.
func (it client) ask(query url.Values) ([]byte, error) {
	request, err := http.NewRequest(it.call.method, it.endpoint+"/?"+s3utils.QueryEncode(query), nil)
	if err != nil {
		return nil, err
	}
	hash := sha256.Sum256(it.body)
	payload := hex.EncodeToString(hash[:])
	if it.unsigned {
		payload = "UNSIGNED-PAYLOAD"
	}
	request.Header.Set("User-Agent", "Minio (linux; amd64) madmin-go/0.0.1")
	request.Header.Set("X-Amz-Content-Sha256", payload)
	if it.call.operation != "" {
		request.Header.Set("X-Minio-Operation", it.call.operation)
	}
	if it.body != nil {
		sum := md5.Sum(it.body)
		request.Header.Set("Content-Md5", base64.StdEncoding.EncodeToString(sum[:]))
		request.Body = io.NopCloser(bytes.NewReader(it.body))
		if it.call.operation == "set-credentials" {
			request.ContentLength = int64(len(it.body))
		}
	}
	signed := s3signer.SignV4(*request, os.Getenv("ACCESS_KEY"), os.Getenv("SECRET_KEY"), "us-east-1")
	response, err := http.DefaultClient.Do(signed)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode == http.StatusOK {
		return answer, err
	}
	var shown struct {
		XMLName   xml.Name `xml:"Error"`
		Code      string
		Message   string
		RequestID string `xml:"RequestId"`
	}
	if err := xml.Unmarshal(answer, &shown); err != nil {
		return nil, fmt.Errorf("%d: the error cannot be read: %w", response.StatusCode, err)
	}
	return nil, fmt.Errorf("%d %s: %s", response.StatusCode, shown.Code, shown.Message)
}

func nothing(_ client, _ url.Values, answer []byte) (any, error) {
	if len(answer) > 0 {
		return nil, errors.New("there should be no body")
	}
	return nil, nil
}

// intoJSON reads an empty answer, which a dry run gets, as the zero value.
func intoJSON[T any](_ client, _ url.Values, answer []byte) (any, error) {
	var value T
	if len(answer) == 0 {
		return value, nil
	}
	return value, json.Unmarshal(answer, &value)
}

func intoBuckets(_ client, _ url.Values, answer []byte) (any, error) {
	var list bucketList
	if err := xml.Unmarshal(answer, &list); err != nil {
		return nil, err
	}
	for _, bucket := range list.Buckets.Bucket {
		if _, err := time.Parse("2006-01-02T15:04:05.000Z", bucket.CreationDate); err != nil {
			return nil, err
		}
	}
	return list.Buckets.Bucket, nil
}

// everyObject goes on from NextMarker, else from the last key, while there is more.
func everyObject(it client, query url.Values, answer []byte) (any, error) {
	found := map[string]any{}
	pages := 1
	for ; ; pages++ {
		var page objectPage
		if err := xml.Unmarshal(answer, &page); err != nil {
			return nil, err
		}
		marker := ""
		for _, object := range page.Contents {
			found[object.Key], marker = object.HealObjectInfo, object.Key
		}
		for _, prefix := range page.CommonPrefixes {
			found[prefix.Prefix] = nil
		}
		if page.NextMarker != "" {
			marker = page.NextMarker
		}
		if !page.IsTruncated {
			return map[string]any{"pages": pages, "found": found}, nil
		}
		query.Set("marker", marker)
		var err error
		if answer, err = it.ask(query); err != nil {
			return nil, err
		}
	}
}

// everyUpload does as the client: the marker stays empty, and only that of the upload goes on.
func everyUpload(it client, query url.Values, answer []byte) (any, error) {
	found := []any{}
	for pages := 1; ; pages++ {
		var page uploadPage
		if err := xml.Unmarshal(answer, &page); err != nil {
			return nil, err
		}
		for _, upload := range page.Upload {
			found = append(found, upload)
		}
		if !page.IsTruncated {
			return map[string]any{"pages": pages, "found": found}, nil
		}
		query.Set("upload-id-marker", page.NextUploadIDMarker)
		var err error
		if answer, err = it.ask(query); err != nil {
			return nil, err
		}
	}
}
