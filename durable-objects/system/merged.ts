/** What was there with what changes; a member of the change that is undefined changes nothing. */
export function merged<T extends object, C extends object>(present: T, change: C): T & C {
  const said = Object.entries(change).filter(([, value]) => value !== undefined)
  return { ...present, ...(Object.fromEntries(said) as C) }
}
