import { authorize } from '../auth/authorize'
import { layersOf } from '../auth/identity-layers'
import { type Caller, ROOT_ACCOUNT } from '../model/caller'
import { Fault } from '../model/fault'
import type { Job, JobKind, JobOwner, JobParams, JobState, JobWithLog } from '../model/job'
import { read } from '../store/calls'
import { randomId } from '../store/ids'
import type { Store } from '../store/store'
import type { Stubs } from '../stubs'

const MAX_WAIT_MILLIS = 30_000

/** Work that outlives a request: started here, done slice by slice in the job-runner. */
export class Jobs {
  readonly #stubs: Stubs
  readonly #store: Store
  readonly #now: () => number

  constructor(stubs: Stubs, store: Store, now: () => number) {
    this.#stubs = stubs
    this.#store = store
    this.#now = now
  }

  /**
   * Sets a job going; its first slice is due at once.
   * @throws Fault AccessDenied, NoSuchBucket
   */
  async start(caller: Caller, kind: JobKind, params: JobParams): Promise<Job> {
    await this.#authorize(caller, kind, params)
    const job = { id: randomId(), kind, params, caller: caller.user, account: caller.account.id }
    // Started twice under one id it is started once, so this may be repeated as a read.
    return read(() => this.#stubs.jobRunner().start(job, this.#now()))
  }

  /** As `start`, and waits until it is over, but no longer than half a minute: then the job is still `waiting`. */
  async run(caller: Caller, kind: JobKind, params: JobParams): Promise<Job> {
    const { id } = await this.start(caller, kind, params)
    return this.#require(await read(() => this.#stubs.jobRunner().wait(id, MAX_WAIT_MILLIS)), id)
  }

  /** The latest jobs, newest first. */
  async list(caller: Caller, ask: { kind?: JobKind; state?: JobState; limit: number }): Promise<Job[]> {
    const whole = { ...ask, ...this.#whose(caller) }
    return read(() => this.#stubs.jobRunner().list(whole))
  }

  /** @throws Fault NoSuchJob */
  async find(caller: Caller, id: string): Promise<JobWithLog> {
    const owner = this.#whose(caller)
    return this.#require(await read(() => this.#stubs.jobRunner().find(id, owner)), id)
  }

  /**
   * Ends a job before its next slice; one that is over stays as it is.
   * @throws Fault NoSuchJob
   */
  async abort(caller: Caller, id: string): Promise<Job> {
    const owner = this.#whose(caller)
    return this.#require(await read(() => this.#stubs.jobRunner().abort(id, owner, this.#now())), id)
  }

  async #authorize(caller: Caller, kind: JobKind, { bucket }: JobParams): Promise<void> {
    if (kind !== 'empty-bucket') return authorize(caller, 'admin:Heal', { owner: ROOT_ACCOUNT.id })
    // It removes all versions of all keys, whatever policies say of some: only who may do everything there starts it.
    const { owner } = await this.#store.buckets.describe(caller, bucket ?? '', 's3:DeleteBucket')
    const { own, limits } = layersOf(caller)
    const isOwners = caller.kind === 'root' || caller.account.id === owner
    if (!isOwners || own !== 'everything' || limits.length > 0) throw new Fault('AccessDenied')
  }

  /**
   * Whose jobs a caller is shown: root all, an admin those of its account, a user its own. A key that is held to less than its
   * user manages nothing.
   */
  #whose(caller: Caller): JobOwner {
    const { own, limits } = layersOf(caller)
    if (caller.kind === 'anonymous' || limits.length > 0) throw new Fault('AccessDenied')
    if (caller.kind === 'root') return {}
    return own === 'everything' ? { account: caller.account.id } : { account: caller.account.id, caller: caller.user }
  }

  #require<T>(job: T | undefined, id: string): T {
    if (job === undefined) throw new Fault('NoSuchJob', { job: id })
    return job
  }
}
