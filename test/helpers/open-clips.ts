import { openClip } from '../../src/engine/media/open-clip.ts'

// A separate program for tests that observe which files a process opens: opens each given file and prints the result.
for (const path of process.argv.slice(2)) {
  const opened = await openClip(path, new AbortController().signal).catch((error: { code?: string }) => error.code ?? String(error))
  process.stdout.write(`${typeof opened === 'string' ? opened : opened.info.frameCount}\n`)
  if (typeof opened !== 'string') await opened.close()
}
