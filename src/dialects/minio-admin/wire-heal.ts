import type { Account } from '../../model/caller'
import type { ExaminedBucket, ExaminedObject, ExaminedUpload, HealReport, HealthState } from '../../model/health'
import type { XmlElement } from '../../wire/xml'

const STATUSES: Record<HealthState, string> = { healthy: '0', healable: '1', lost: '2' }
const HEAL_STATES = { nothing: 0, partial: 1, whole: 2 }

export function ownerElement({ id, displayName }: Account): XmlElement {
  return { ID: id, DisplayName: displayName }
}

export function healedBucket({ name, createdMillis, state }: ExaminedBucket): XmlElement {
  return {
    Name: name,
    CreationDate: new Date(createdMillis).toISOString(),
    HealBucketInfo: { Status: STATUSES[state] },
  }
}

/** The etag is left empty, as in the original. */
export function healedObject(
  { key, size, modifiedMillis, state, damaged }: ExaminedObject,
  owner: Account,
): XmlElement {
  return {
    Key: key,
    LastModified: new Date(modifiedMillis).toISOString(),
    ETag: '',
    Size: size,
    Owner: ownerElement(owner),
    StorageClass: 'STANDARD',
    HealObjectInfo: healInfo(state, damaged.length),
  }
}

export function healedUpload({ key, id, initiatedMillis, state, damaged }: ExaminedUpload): XmlElement {
  return {
    Key: key,
    UploadId: id,
    Initiator: { ID: '', DisplayName: '' },
    Owner: { ID: '', DisplayName: '' },
    StorageClass: '',
    Initiated: new Date(initiatedMillis).toISOString(),
    HealObjectInfo: healInfo(state, damaged.length),
  }
}

/** How a heal ended: `OfflineCount` is what could not be put right. */
export function healResult({ healed, lost }: HealReport): object {
  const state = healed === 0 ? HEAL_STATES.nothing : lost > 0 ? HEAL_STATES.partial : HEAL_STATES.whole
  return { HealedCount: healed, OfflineCount: lost, state }
}

/** Blobs are data; there is no parity. Clients of February 2017 read its count under a misspelt name. */
function healInfo(state: HealthState, damagedBlobs: number): XmlElement {
  return {
    Status: STATUSES[state],
    MissingDataCount: damagedBlobs,
    MissingParityCount: 0,
    MissingPartityCount: 0,
  }
}
