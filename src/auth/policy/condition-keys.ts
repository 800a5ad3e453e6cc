/** S3's own condition keys, in lower case; those that end in `/` go on with the name of a tag. Source: Service Authorization Reference, Amazon S3. */
const S3_KEYS = new Set(
  `accessgrantsinstancearn accesspointnetworkorigin accesspointtag/ annotationname authtype buckettag/
  dataaccesspointaccount dataaccesspointarn delimiter destinationregion existingjoboperation existingjobpriority
  existingobjecttag/ if-match if-none-match inventoryaccessibleoptionalfields isreplicationpauserequest
  jobsuspendedcause locationconstraint max-keys object-lock-legal-hold object-lock-mode
  object-lock-remaining-retention-days object-lock-retain-until-date objectcreationoperation prefix
  requestjoboperation requestjobpriority requestobjecttag/ requestobjecttagkeys resourceaccount signatureage
  signatureversion tlsversion versionid x-amz-acl x-amz-bucket-namespace x-amz-content-sha256 x-amz-copy-source
  x-amz-grant-full-control x-amz-grant-read x-amz-grant-read-acp x-amz-grant-write x-amz-grant-write-acp
  x-amz-metadata-directive x-amz-object-ownership x-amz-server-side-encryption
  x-amz-server-side-encryption-aws-kms-key-id x-amz-server-side-encryption-customer-algorithm x-amz-storage-class
  x-amz-website-redirect-location`
    .split(/\s+/)
    .map(name => `s3:${name}`),
)

/**
 * Whether a bucket's policy may ask for a key. AWS takes any name that begins with `aws:`.
 * @param key  as `keyName` makes it
 */
export function isConditionKey(key: string): boolean {
  if (/^aws:[a-z]/.test(key)) return true
  const slash = key.indexOf('/')
  return S3_KEYS.has(slash < 0 ? key : key.slice(0, slash + 1)) && slash !== key.length - 1
}
