/**
 * - `accounts`     who owns buckets; root's own account has no row
 * - `users`        of an account; `policies` is a JSON array of names
 * - `groups`, `memberships`   policies that several users share
 * - `policies`     documents that somebody has written
 * - `access_keys`  of a user; `policy` holds a key to less than its user may
 * - `notes`        what there is one of
 */
const TABLES = `
  create table if not exists accounts (
    id text primary key, name text not null unique, display_name text not null, email text
  ) without rowid;
  create table if not exists users (
    account text not null, name text not null, admin integer not null, policies text not null, sealed_swift_key text,
    primary key (account, name)
  ) without rowid;
  create table if not exists access_keys (
    access_key text primary key, account text not null, user text not null, sealed_secret text not null
  ) without rowid;
  create table if not exists groups (
    account text not null, name text not null, policies text not null, primary key (account, name)
  ) without rowid;
  create table if not exists memberships (
    account text not null, user text not null, name text not null, primary key (account, user, name)
  ) without rowid;
  create index if not exists memberships_by_group on memberships (account, name);
  create table if not exists policies (
    account text not null, name text not null, document text not null, primary key (account, name)
  ) without rowid;
  create table if not exists notes (name text primary key, value text not null) without rowid;
`

/** Columns that tables of earlier versions have not got. */
const ADDED: [table: string, column: string, type: string][] = [
  ['users', 'disabled', 'integer not null default 0'],
  ['access_keys', 'policy', 'text'],
  ['access_keys', 'disabled', 'integer not null default 0'],
  ['access_keys', 'expires', 'integer'],
  ['access_keys', 'description', 'text'],
  ['access_keys', 'created', 'integer'],
]

/** Makes the tables as this version wants them. It may run at every start. */
export function prepareTables(sql: SqlStorage): void {
  sql.exec(TABLES)
  for (const [table, column, type] of ADDED) {
    const present = sql.exec('select 1 from pragma_table_info(?) where name = ?', table, column).toArray()
    if (present.length === 0) sql.exec(`alter table ${table} add column ${column} ${type}`)
  }
  sql.exec('create index if not exists access_keys_by_user on access_keys (account, user)')
}
