/**
 * - `jobs`     what was asked for, how far it has come, and when its next slice is due; `every` makes it come round again
 * - `job_log`  what each has to say
 */
export const TABLES = `
  create table if not exists jobs (
    id text primary key, kind text not null, params text not null, state text not null,
    caller text not null, account text not null,
    cursor text, counters text not null, failures integer not null, error text,
    created integer not null, started integer, ended integer, due integer not null, every integer
  ) without rowid;
  create index if not exists jobs_by_due on jobs (state, due);
  create table if not exists job_log (
    id integer primary key, job text not null, at integer not null, text text not null
  );
  create index if not exists job_log_by_job on job_log (job, id);
  drop table if exists sweep;
`
