/** Runs the whole proof that a job's results are stored exactly once; `npm test` runs a small form of it. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const { status } = spawnSync(
  process.execPath,
  [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--project', 'engine', 'test/engine/queue/exactly-once.test.ts', '--retry=0'],
  { cwd: root, stdio: 'inherit', env: { ...process.env, TARSIER_QUEUE_PROOF: '1' } },
)
process.exitCode = status ?? 1
