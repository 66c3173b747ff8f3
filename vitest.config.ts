import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/** What is built is there (`test/engine/build.ts`), and starts in a fraction of the time that the sources take. */
const env = { TARSIER_BUILT_PROGRAMS: fileURLToPath(new URL('./out/cli', import.meta.url)) }
// Tests expect English texts, whatever the language of the machine.
process.env.TARSIER_LANGUAGE = 'en'
/** The usual five seconds are too few for thousands of rows on a machine that does other things besides. */
const patient = { testTimeout: 60_000, hookTimeout: 60_000 }

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.{ts,tsx}'],
          exclude: ['test/unit/main/**'],
          // Starting a process for each of a hundred files takes twice as long as all their tests.
          isolate: false,
          ...patient,
        },
      },
      {
        test: {
          // Electron's stand-in takes the module's place, so every file gets a process of its own.
          name: 'shell',
          include: ['test/unit/main/**/*.test.ts'],
          ...patient,
        },
      },
      {
        test: {
          name: 'engine',
          include: ['test/engine/**/*.test.ts'],
          globalSetup: ['scripts/find-postgres.mjs', 'scripts/find-llama-node.mjs', 'test/engine/build.ts'],
          env,
          // More files at a time than cores: half of the time, tests wait for processes that start, hang or end.
          pool: 'forks',
          maxWorkers: Math.min(4, 2 * availableParallelism()),
          // A group of projects has one number of workers.
          sequence: { groupOrder: 1 },
          // These tests kill, stop and cut off processes at any moment. The output marks those that passed only the second time.
          retry: 1,
          testTimeout: 240_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          // What only Windows does: see `npm run test:windows`.
          name: 'windows',
          include: ['test/windows/**/*.test.ts'],
          globalSetup: 'test/engine/build.ts',
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          // The engine on other devices than the CPU: on drivers that compute on the processor, hence slowly.
          name: 'gpu',
          include: ['test/gpu/**/*.test.ts'],
          globalSetup: ['scripts/find-software-gpus.mjs', 'test/engine/build.ts'],
          env,
          // Drivers compile their shaders on one core.
          pool: 'forks',
          maxWorkers: Math.min(2, availableParallelism()),
          sequence: { groupOrder: 2 },
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
})
