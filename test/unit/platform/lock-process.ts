import { holdLock } from '../../../src/platform/folder-lock.ts'
import { TarsierError } from '../../../src/shared/errors.ts'

/** A process that tries to take a lock, prints the result, and holds the lock until it is killed or its input ends. */
const [path = ''] = process.argv.slice(2)
try {
  await using _lock = await holdLock(path, (holder) => new TarsierError('bench-busy', String(holder)))
  process.stdout.write('held\n')
  for await (const _ of process.stdin);
} catch (error) {
  if (!(error instanceof TarsierError)) throw error
  process.stdout.write(`busy ${error.message}\n`)
}
