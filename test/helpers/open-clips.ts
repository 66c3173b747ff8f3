import { openClip } from '../../src/engine/media/open-clip.ts'

// A program of its own for tests that watch what a process opens: tries each file it is given, and says how each went.
for (const path of process.argv.slice(2)) {
  const opened = await openClip(path, new AbortController().signal).catch((error: { code?: string }) => error.code ?? String(error))
  process.stdout.write(`${typeof opened === 'string' ? opened : opened.info.frameCount}\n`)
  if (typeof opened !== 'string') await opened.close()
}
