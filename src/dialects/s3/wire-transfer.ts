import { ACCELERATIONS, type Acceleration, PAYERS, type Payer } from '../../model/transfer'
import type { XmlElement } from '../../wire/xml'
import { readOneOf, readRoot, required } from './wire-members'

/**
 * A `RequestPaymentConfiguration`.
 * @throws S3Error MalformedXML, MissingRequestBodyError
 */
export function readRequestPayment(text: string): Payer {
  const content = readRoot(text, 'RequestPaymentConfiguration', ['Payer'])
  return required(readOneOf(content, 'Payer', PAYERS), 'Payer')
}

/** The content of a `RequestPaymentConfiguration`. */
export function requestPaymentElements(payer: Payer = 'BucketOwner'): XmlElement {
  return { Payer: payer }
}

/**
 * An `AccelerateConfiguration`.
 * @throws S3Error MalformedXML, MissingRequestBodyError
 */
export function readAcceleration(text: string): Acceleration {
  const content = readRoot(text, 'AccelerateConfiguration', ['Status'])
  return required(readOneOf(content, 'Status', ACCELERATIONS), 'Status')
}

/** The content of an `AccelerateConfiguration`; empty for a bucket on which it was never set. */
export function accelerationElements(status: Acceleration | undefined): XmlElement {
  return { Status: status }
}
