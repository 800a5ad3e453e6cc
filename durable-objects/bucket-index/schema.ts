/**
 * The tables of one bucket. Text is compared as UTF-8 bytes, which is the order of every listing.
 *
 * - `bucket`        one row: what the bucket is, as JSON
 * - `tally`         one row: the counter that orders versions, how many objects and bytes there are, and whether that is
 *                   exact; see tally.ts
 * - `objects`       the present version of each key; columns that listings show come first, so that long descriptions
 *                   and extents stay out of their way. Rows are kept short: a page of the table holds more of them, and
 *                   a listing that seeks reads fewer pages
 * - `data`          bodies that rest in the index, in a rowid table of their own beside the records
 * - `uploads`, `parts`   multipart uploads in progress
 * - `completed`     what finished uploads answered, for clients that lost the answer
 * - `shared_blobs`  references of blobs that more than one record ever held; a blob without a row has one
 * - `released`      blobs that no record needs any more, to be deleted after the grace
 * - `swept`         how far the sweep has looked for orphans
 * - `versions`      the versions of keys that are not the latest, and all delete markers; newest first
 * - `locks`         leases of long work in progress; a fence never comes again
 * - `damaged`       blobs that were seen to be missing or altered
 */
const TABLES = `
  create table bucket (id integer primary key check (id = 1), record text not null);
  create table tally (
    id integer primary key check (id = 1),
    seq integer not null, objects integer not null, bytes integer not null, exact integer not null
  );
  insert into tally values (1, 0, 0, 0, 1);
  create table objects (
    key text primary key,
    size integer not null, etag text not null, modified integer not null,
    owner text, class text, checksum text,
    version text not null, seq integer not null, data integer,
    description text, extents text
  ) without rowid;
  create table data (id integer primary key, bytes blob not null);
  create table uploads (
    key text not null, id text not null, initiated integer not null, description text not null,
    primary key (key, id)
  ) without rowid;
  create table parts (
    upload text not null, number integer not null, size integer not null, etag text not null,
    modified integer not null, checksum text, extents text,
    primary key (upload, number)
  ) without rowid;
  create table completed (
    upload text primary key, key text not null, parts text not null, answer text not null, at integer not null
  ) without rowid;
  create table shared_blobs (blob text primary key, refs integer not null) without rowid;
  create table released (id integer primary key, blob text not null, at integer not null);
  create table swept (id integer primary key check (id = 1), through text not null);
`

/** What came later; indexes that exist already get it when they are opened. */
const LOCKS_AND_DAMAGED = `
  create table if not exists locks (
    fence integer primary key autoincrement, key text not null, kind text not null,
    id text not null, operation text not null, caller text not null, address text not null, request text not null,
    since integer not null, until integer not null
  );
  create index if not exists locks_by_key on locks (key);
  create table if not exists damaged (
    blob text primary key, key text not null, damage text not null, healable integer not null, at integer not null
  ) without rowid;
`

/**
 * `stamped` says that the version was written while versions were kept, so that its number is its id. `since` is when it
 * ceased to be the latest.
 */
const VERSIONS = `
  alter table objects add column stamped integer;
  create table versions (
    key text not null, seq integer not null,
    size integer not null, etag text not null, modified integer not null,
    owner text, class text, checksum text,
    version text not null, data integer, description text, extents text,
    stamped integer, marker integer not null, since integer not null,
    primary key (key, seq desc)
  ) without rowid;
  create index null_versions on versions (key) where stamped is null;
`

/** Whether this index was ever made; one of a deleted bucket, or that a stray id names, was not. */
export function hasTables(sql: SqlStorage): boolean {
  return hasTable(sql, 'bucket')
}

export function createTables(sql: SqlStorage): void {
  sql.exec(TABLES)
  addLaterTables(sql)
}

/** Brings an index that an older Wharf made up to date. */
export function addLaterTables(sql: SqlStorage): void {
  if (!hasTable(sql, 'damaged')) sql.exec(LOCKS_AND_DAMAGED)
  if (!hasTable(sql, 'versions')) sql.exec(VERSIONS)
}

function hasTable(sql: SqlStorage, name: string): boolean {
  return sql.exec("select 1 from sqlite_master where type = 'table' and name = ?", name).toArray().length > 0
}
