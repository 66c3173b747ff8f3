import { access, constants } from 'node:fs/promises'
import type { Command } from 'commander'
import type { EngineClient, ModelInfo, TurnRequest } from '../engine/engine-client.ts'
import { startEngineHost } from '../engine/host/host-client.ts'
import { readFailure } from '../platform/file-failure.ts'
import type { FrameUsed } from '../shared/engine-events.ts'
import { assertNever, isAbort, TarsierError } from '../shared/errors.ts'
import { MAX_FRAMES } from '../shared/frame-request.ts'
import { CHAT_HELP, type ChatCommand, parseChatLine } from './chat-command.ts'
import { printError } from './errors.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { Interrupts, RunCommand } from './interrupt.ts'
import { LineReader } from './line-reader.ts'
import { type AnswerOptions, answerOptions, type ClipOptions, frameOptions, modelOptions, systemOption } from './options.ts'
import { oneLine, printable } from './printable.ts'
import { ProgressLine } from './progress-line.ts'
import { withRemedy } from './remedy-text.ts'
import { clipRequest, engineOptions, samplingOf } from './requests.ts'
import { summaryOf } from './summary.ts'

interface ChatOptions extends ClipOptions, AnswerOptions {
  readonly system?: string
}

export function addChat(program: Command, run: RunCommand): void {
  const command = program
    .command('chat')
    .summary('ask questions about a video or picture')
    .description(
      'Opens a clip and answers questions about it, one per line. The clip is encoded once, so follow-up questions are fast.\n' +
        'Questions can also be piped in, one per line; answers are written to stdout.',
    )
    .argument('<file>', 'a video or picture')
  for (const option of [...modelOptions(), ...frameOptions(), systemOption(), ...answerOptions()]) command.addOption(option)
  command
    .addHelpText(
      'after',
      `
${CHAT_HELP}

Exit status: 0 all answered; 1 a question could not be answered; 2 invalid usage; 130 stopped by Ctrl-C.

Example:
  tarsier chat clip.mp4 --frames 8`,
    )
    .action((file: string, options: ChatOptions) => run((signal, interrupts) => chat(file, options, signal, interrupts)))
}

async function chat(file: string, options: ChatOptions, signal: AbortSignal, interrupts: Interrupts): Promise<ExitCode> {
  await checkReadable(file)
  await using client = startEngineHost(engineOptions(options))
  const progress = new ProgressLine(process.stderr)
  progress.begin('loading the model')
  const info = await client.load(signal)
  if (info.summary) progress.note(`${info.name}: ${info.summary}`)
  progress.clear()
  const talk = new Talk(client, info, file, options, progress)

  // Ctrl-C during an answer only stops the answer; the command's own signal would end everything.
  const leaving = new AbortController()
  const onInterrupt = () => {
    if (!talk.stop()) leaving.abort()
  }
  using _taken = interrupts.takeOver(onInterrupt)
  signal.addEventListener('abort', () => talk.stop())
  const ending = AbortSignal.any([leaving.signal, signal])
  using lines = new LineReader(onInterrupt)
  if (lines.interactive) process.stdout.write('Ask a question about the clip. /help lists the commands.\n')
  for (;;) {
    const line = await lines.next('> ', ending)
    if (line === null) break
    const command = parseChatLine(line)
    if (command.kind === 'exit') break
    await talk.obey(command)
  }
  if (!ending.aborted) await talk.end()
  if (lines.interactive) process.stdout.write('\n')
  signal.throwIfAborted()
  if (leaving.signal.aborted) return exitCodes.interrupted
  return talk.anyFailed ? exitCodes.failed : exitCodes.done
}

/** Checks a file as far as possible before the engine opens it at the first question. */
async function checkReadable(file: string): Promise<void> {
  try {
    await access(file, constants.R_OK)
  } catch (error) {
    throw readFailure(file, error)
  }
}

/** Runs conversations about one clip after another. */
class Talk {
  readonly #client: EngineClient
  readonly #facts: ModelInfo
  readonly #progress: ProgressLine
  #options: ChatOptions
  #file: string
  #conversation = 0
  /** Whether the clip is already part of the conversation. */
  #shown = false
  #frames: readonly FrameUsed[] = []
  #answering: AbortController | null = null
  anyFailed = false

  constructor(client: EngineClient, info: ModelInfo, file: string, options: ChatOptions, progress: ProgressLine) {
    this.#client = client
    this.#facts = info
    this.#file = file
    this.#options = options
    this.#progress = progress
  }

  /** Stops the answer in progress; returns false if there is none. A second call while the answer is still stopping exits the process. */
  stop(): boolean {
    if (this.#answering?.signal.aborted) process.exit(exitCodes.interrupted)
    this.#answering?.abort()
    return this.#answering !== null
  }

  /** Executes one line. Reports failures instead of throwing them, so that the conversation continues. */
  async obey(command: ChatCommand): Promise<void> {
    try {
      await this.#carryOut(command)
    } catch (error) {
      this.anyFailed = true
      this.#progress.clear()
      printError(error)
    }
  }

  async #carryOut(command: ChatCommand): Promise<void> {
    switch (command.kind) {
      case 'nothing':
      case 'exit':
        return
      case 'help':
        return this.#say(CHAT_HELP)
      case 'wrong':
        throw new TarsierError('usage', command.hint)
      case 'reset':
        return this.startOver()
      case 'open':
        await checkReadable(command.file)
        this.#file = command.file
        return this.startOver()
      case 'frames':
        if (command.count === null) return this.#listFrames()
        if (command.count < 1 || command.count > MAX_FRAMES)
          throw new TarsierError('usage', `/frames requires a whole number from 1 to ${MAX_FRAMES}.`)
        this.#options = withFrames(this.#options, command.count)
        return this.startOver()
      case 'ask': {
        const sampling = samplingOf(this.#options, this.#facts.defaults)
        const clip = this.#shown ? undefined : clipRequest(this.#file, this.#options, this.#facts.defaults)
        return this.#answer({ kind: 'ask', text: command.text, clip, system: this.#options.system, sampling })
      }
      case 'regenerate':
        return this.#answer({ kind: 'regenerate', sampling: samplingOf(this.#options, this.#facts.defaults) })
      default:
        return assertNever(command, 'command')
    }
  }

  /** Waits for the engine to finish writing the clip's cache to disk. */
  async end(): Promise<void> {
    await this.#client.close(`chat-${this.#conversation}`)
  }

  async startOver(): Promise<void> {
    const ending = `chat-${this.#conversation}`
    this.#conversation += 1
    this.#shown = false
    this.#frames = []
    await this.#client.close(ending)
  }

  async #answer(turn: TurnRequest): Promise<void> {
    const controller = new AbortController()
    this.#answering = controller
    this.#progress.begin(this.#file)
    let written = false
    try {
      for await (const event of this.#client.answer(`chat-${this.#conversation}`, turn, controller.signal)) {
        this.#progress.event(event)
        if (event.kind === 'stage' && event.stage === 'writing') this.#shown = true
        else if (event.kind === 'frame') this.#frames = event.done === 1 ? [event.frame] : [...this.#frames, event.frame]
        else if (event.kind === 'delta') {
          if (process.stdout.isTTY) this.#progress.hide()
          process.stdout.write(process.stdout.isTTY ? printable(event.text) : event.text)
          written = true
        } else if (event.kind === 'notice') {
          this.#progress.clear()
          process.stderr.write(`tarsier: ${oneLine(withRemedy(event))}\n`)
        } else if (event.kind === 'done') {
          if (event.answer.frames.length > 0) this.#frames = event.answer.frames
          process.stdout.write('\n')
          written = false
          this.#progress.note(summaryOf(event.answer))
        }
      }
    } catch (error) {
      if (written) process.stdout.write('\n')
      if (!isAbort(error)) throw error
      this.#progress.note('stopped')
    } finally {
      this.#answering = null
      this.#progress.clear()
    }
  }

  #listFrames(): void {
    const lines = this.#frames.map(({ index, time }, i) => `${i + 1}. frame ${index} at ${time.toFixed(2)} s`)
    this.#say(lines.length === 0 ? 'No frames yet: ask a question first.' : lines.join('\n'))
  }

  #say(text: string): void {
    process.stdout.write(`${text}\n`)
  }
}

/** Sets the number of frames, which replaces explicit times. */
function withFrames(options: ChatOptions, frames: number): ChatOptions {
  const { at: _, ...rest } = options
  return { ...rest, frames }
}
