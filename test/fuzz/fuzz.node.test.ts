import { expect, test } from 'vitest'
import { campaign } from './campaign.mjs'

// `npm run fuzz` sends many more; the seed of a failure, given to it, sends the same again.
test('malformed requests are told so, and the server stays as it was', async () => {
  const seed = Math.floor(Math.random() * 2 ** 31)
  const { faults, requests, answers } = await campaign({ seed, requests: 3000, connections: 8 })
  expect({ seed, faults, requests }).toEqual({ seed, faults: [], requests: 3000 })
  // Most get past their signature and are carried out, or refused for what they ask.
  expect(answers['200']).toBeGreaterThan(400)
})
