const bytesOf = (text: string): number => new TextEncoder().encode(text).length

/**
 * 5 to 20 bytes. Characters that part the fields of a signature would make a key that nobody can sign with, and root would
 * be locked out.
 */
export function isNewAccessKey(text: string): boolean {
  return /^[\x21-\x7e]{5,20}$/.test(text) && !/[/,:]/.test(text)
}

/** 8 to 40 bytes. */
export function isNewSecretKey(text: string): boolean {
  const bytes = bytesOf(text)
  return bytes >= 8 && bytes <= 40 && text.isWellFormed()
}
