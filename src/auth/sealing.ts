const IV_BYTES = 12

/**
 * Encrypts a secret for rest (AES-256-GCM). What it belongs to is bound in, so that a sealed secret cannot be moved to
 * another holder.
 *
 * @param masterKey  32 bytes
 * @returns          base64 of the nonce and the ciphertext
 */
export async function seal(masterKey: Uint8Array, secret: string, holder: string): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES))
  const sealed = await crypto.subtle.encrypt(
    { name: 'AES-GCM', iv, additionalData: Buffer.from(holder) },
    await importKey(masterKey),
    Buffer.from(secret),
  )
  return Buffer.concat([iv, new Uint8Array(sealed)]).toString('base64')
}

/** @throws Error when the master key is another one, or the sealed text was changed */
export async function unseal(masterKey: Uint8Array, sealed: string, holder: string): Promise<string> {
  const bytes = Buffer.from(sealed, 'base64')
  const opened = await crypto.subtle.decrypt(
    { name: 'AES-GCM', iv: bytes.subarray(0, IV_BYTES), additionalData: Buffer.from(holder) },
    await importKey(masterKey),
    bytes.subarray(IV_BYTES),
  )
  return Buffer.from(opened).toString()
}

function importKey(masterKey: Uint8Array): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', masterKey, 'AES-GCM', false, ['encrypt', 'decrypt'])
}
