import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'

/** Two projects: through the door inside the Workers runtime, and from Node.js over a real port. */
export default defineConfig({
  test: {
    projects: [
      {
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
        test: { name: 'workers', root: '.', include: ['test/**/*.worker.test.ts'], testTimeout: 60_000 },
      },
      {
        test: {
          name: 'node',
          root: '.',
          include: ['test/**/*.node.test.ts'],
          environment: 'node',
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
