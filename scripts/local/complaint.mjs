/** Something that the user can mend. Its message is one sentence that says what to do; it is shown without a stack. */
export class Complaint extends Error {
  constructor(sentence) {
    super(sentence)
    this.name = 'Complaint'
  }
}

/** The sentence of a Complaint, and everything of an error that nobody foresaw. */
export function explain(error) {
  return error instanceof Complaint ? error.message : (error?.stack ?? String(error))
}
