import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { delimiter, isAbsolute, join, resolve } from 'node:path'
import { exists } from '../../../platform/disk.ts'
import { writeFailure } from '../../../platform/file-failure.ts'

/** An FFmpeg program that was started once. */
export interface FfmpegProgram {
  readonly path: string
  /** As it tells, such as `6.1.1`. */
  readonly version: string
  /** Whether it can encode H.264 and AAC. */
  readonly encodes: boolean
}

export interface FoundProgram {
  /** Null if there is none, so that FFmpeg's libraries are used. */
  readonly program: FfmpegProgram | null
  /** Sentences for the user, such as that `FFMPEG_PATH` names no program. */
  readonly notices: readonly string[]
}

/** Milliseconds for the first start, which a virus scanner may delay. */
const PATIENCE_MS = 30_000
/** Characters of error output that are kept. */
const LAST_WORDS = 4000

/**
 * Finds the FFmpeg program: that of the package ffmpeg-static, then that of `FFMPEG_PATH`, then the first `ffmpeg` on the PATH. The package is optional, and its binary may
 * be missing.
 * @param bundled path of the package's binary; null for none. Defaults to what the package says.
 */
export async function findFfmpeg(
  env: Readonly<Record<string, string | undefined>> = process.env,
  bundled: string | null = ffmpegStatic(),
): Promise<FoundProgram> {
  const notices: string[] = []
  const own = bundled === null ? null : await ask(bundled)
  if (own) return { program: own, notices }
  const named = env.FFMPEG_PATH ?? ''
  if (named !== '') {
    const program = await ask(resolve(named))
    if (program) return { program, notices }
    notices.push(`FFMPEG_PATH is ${named}, which is not the path of a working FFmpeg program. Correct it, or remove it.`)
  }
  for (const path of await onPath(env)) {
    const program = await ask(path)
    if (program) return { program, notices }
  }
  return { program: null, notices }
}

/** Path of the binary of ffmpeg-static; null without the package. In the packaged app it lies beside the archive, which the system cannot look into. */
function ffmpegStatic(): string | null {
  try {
    const path: unknown = createRequire(import.meta.url)('ffmpeg-static')
    return typeof path === 'string' ? path.replace(/\bapp\.asar(?=[\\/])/, 'app.asar.unpacked') : null
  } catch {
    return null // optional; its download may have failed
  }
}

/** Absolute paths of programs called ffmpeg. Windows itself would first look into the current folder, which may be anybody's. */
async function onPath(env: Readonly<Record<string, string | undefined>>): Promise<string[]> {
  const folders = (env.PATH ?? env.Path ?? '').split(delimiter).filter(isAbsolute)
  const name = process.platform === 'win32' ? 'ffmpeg.exe' : 'ffmpeg'
  const found: string[] = []
  for (const path of folders.map((folder) => join(folder, name))) if (await exists(path)) found.push(path)
  return found
}

/** Starts a program to learn what it can do; null if it does not work as FFmpeg. */
async function ask(path: string): Promise<FfmpegProgram | null> {
  if (!(await exists(path))) return null
  return await new Promise((resolve) => {
    execFile(path, ['-nostdin', '-encoders'], { timeout: PATIENCE_MS, windowsHide: true, maxBuffer: 1 << 22 }, (error, stdout, stderr) => {
      const version = /^ffmpeg version (\S+)/m.exec(`${stderr}\n${stdout}`)?.[1]
      const encodes = [/^ V\S+ libx264 /m, /^ A\S+ aac /m].every((line) => line.test(stdout))
      resolve(error || version === undefined ? null : { path, version, encodes })
    })
  })
}

/**
 * Runs FFmpeg until it has written its file. An abort kills it and waits for its end. `onProgress` gets the number of frames written so far. Throws `disk-full`.
 * @param target the file that it writes
 * @returns whether it succeeded; false for all failures but a full disk, because FFmpeg's libraries may succeed, or tell why not
 */
export async function runFfmpeg(
  { path }: FfmpegProgram,
  args: readonly string[],
  target: string,
  signal: AbortSignal,
  onProgress: (frames: number) => void,
): Promise<boolean> {
  signal.throwIfAborted()
  const child = spawn(path, ['-nostdin', '-hide_banner', '-nostats', '-v', 'error', '-progress', 'pipe:1', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    windowsHide: true,
  })
  const said = listen(child, onProgress)
  const kill = () => child.kill('SIGKILL')
  signal.addEventListener('abort', kill)
  process.once('exit', kill)
  try {
    const code = await new Promise<number | null>((resolve) => child.once('error', () => resolve(null)).once('close', resolve))
    signal.throwIfAborted()
    if (code === 0) return true
    const full = /no space left|disk quota|file too large/i.test(said.errors)
    if (!full) return false
    throw writeFailure(`${target} could not be written`, new Error(said.errors), { full })
  } finally {
    signal.removeEventListener('abort', kill)
    process.off('exit', kill)
  }
}

function listen(child: ChildProcess, onProgress: (frames: number) => void): { readonly errors: string } {
  const said = { errors: '' }
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said.errors = (said.errors + text).slice(-LAST_WORDS)
    if (process.env.TARSIER_DEBUG === '1') process.stderr.write(text)
  })
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const frames = /frame=\s*(\d+)(?![\s\S]*frame=)/.exec(text)?.[1]
    if (frames !== undefined) onProgress(Number(frames))
  })
  return said
}
