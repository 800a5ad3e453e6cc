import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'

/** For `npm run simulate` alone: no budget of time, and what its command line says. */
export default defineConfig({
  plugins: [
    cloudflareTest({
      wrangler: { configPath: './wrangler.toml' },
      miniflare: {
        bindings: {
          WHARF_ROOT_USER: 'root-user',
          WHARF_ROOT_PASSWORD: 'root-password',
          WHARF_MASTER_KEY: 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=',
        },
      },
    }),
  ],
  test: {
    name: 'simulator',
    root: '.',
    include: ['test/simulator/run.simulation.ts'],
    testTimeout: 3_600_000,
    disableConsoleIntercept: true,
    provide: { simulation: JSON.parse(process.env.WHARF_SIMULATION ?? '{"seeds":[1],"operations":1000}') },
  },
})
