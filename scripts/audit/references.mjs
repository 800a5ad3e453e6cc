/** What is released is held by nobody: it is about to be deleted. */
export function checkReleased({ index, findings, holders }) {
  for (const { blob } of index.prepare('select distinct blob from released').iterate()) {
    if (holders.count(blob) === 0) continue
    findings.breach('held-released', { ...holders.first(blob), blob }, 'it is released, so the sweep will delete it')
  }
}

/** Who shares a blob is counted, from the second holder on, and down to the last. */
export function checkShares({ index, findings, holders }) {
  const counted = new Set()
  for (const { blob, refs } of index.prepare('select blob, refs from shared_blobs').iterate()) {
    counted.add(blob)
    const count = holders.count(blob)
    if (refs === count && refs > 0) continue
    findings.breach(
      'shares',
      { ...holders.first(blob), blob },
      `it is counted as held by ${refs}, and ${count} hold it`,
    )
  }
  for (const blob of holders.shared()) {
    if (counted.has(blob)) continue
    const text = `${holders.count(blob)} hold it, which table shared_blobs does not say: the first to let go releases it`
    findings.breach('shares', { ...holders.first(blob), blob }, text)
  }
}

/** What R2 holds for the bucket is held, released, or so young that its record may be on the way. */
export function checkOrphans({ index, store, bucket, findings, holders, counts }, bornBeforeMillis) {
  const released = new Set()
  for (const { blob } of index.prepare('select blob from released').iterate()) released.add(blob)
  const sweptThrough = index.prepare('select through from swept').get()?.through ?? ''
  for (const { name, size, uploadedMillis } of store.under(bucket.id)) {
    counts.blobs += 1
    const blob = name.slice(bucket.id.length + 1)
    if (holders.count(blob) > 0 || released.has(blob) || uploadedMillis >= bornBeforeMillis) continue
    const then = blob <= sweptThrough ? 'the sweep has passed it by' : 'the sweep has not come to it'
    findings.breach('orphan', { blob }, `nothing names it, ${agedText(size, uploadedMillis)}; ${then}`)
  }
}

/** How large and how old a blob is. */
export function agedText(size, uploadedMillis) {
  return `${size} bytes of ${new Date(uploadedMillis).toISOString()}`
}
