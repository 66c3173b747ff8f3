import { assertNever, TarsierError } from '../../shared/errors.ts'
import { MAX_TEMPLATE } from '../../shared/model-manifest.ts'
import { sizeText } from '../../shared/size-text.ts'
import { type ChildEnd, childEntry, NodeChild } from '../child-process.ts'
import {
  MAX_CONVERSATION,
  MAX_MEGABYTES,
  MAX_SECONDS,
  type TemplateAnswer,
  type TemplateFault,
  type TemplateRequest,
} from './template-messages.ts'

/** Maximum length of a rendered text in characters: this for the template's own text, and {@link REPETITIONS} times the conversation. */
const OWN_CHARACTERS = 100_000
const REPETITIONS = 3
/** The process ends a template after {@link MAX_SECONDS}; if that fails, the process is killed after this time. */
const PATIENCE_MS = 10_000

interface Waiting {
  readonly id: number
  readonly timer: NodeJS.Timeout
  resolve(text: string): void
  reject(error: Error): void
}

/**
 * Renders chat templates (Jinja) in a separate process, with limits on size, time, memory and length. The process is started in advance,
 * because starting takes far longer than rendering, and restarted if it ended.
 */
export class TemplateRenderer implements AsyncDisposable {
  #child: NodeChild<TemplateRequest, TemplateAnswer> | null = null
  /** Whether the process has started, so that the template is the cause if it ends. */
  #ready = false
  #waiting: Waiting | null = null
  #last: Promise<unknown> = Promise.resolve()
  #count = 0
  #closed = false

  constructor() {
    this.#start()
  }

  /**
   * Renders a template with plain data; calls run one after another.
   * Throws `model-damaged` for an unusable template ({@link TemplateFault} as `fault` in the details), and `context-full` for data larger
   * than the context of any model.
   */
  async render(source: string, variables: TemplateRequest['variables']): Promise<string> {
    if (source.length > MAX_TEMPLATE) throw unusable('size')
    const characters = JSON.stringify(variables).length
    if (characters > MAX_CONVERSATION) throw tooLong(characters)
    const rendered = this.#last.then(() => this.#render({ source, variables, maxLength: OWN_CHARACTERS + REPETITIONS * characters }))
    this.#last = rendered.catch(() => {})
    return await rendered
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    await this.#child?.kill()
  }

  #render(request: Omit<TemplateRequest, 'id'>): Promise<string> {
    if (this.#closed) return Promise.reject(closed())
    const child = this.#child ?? this.#start()
    const id = this.#count++
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => void child.kill(), PATIENCE_MS)
      this.#waiting = { id, timer, resolve, reject }
      child.send({ ...request, id })
    })
  }

  #start(): NodeChild<TemplateRequest, TemplateAnswer> {
    this.#ready = false
    const child = new NodeChild<TemplateRequest, TemplateAnswer>(
      childEntry(import.meta.url, 'template-process', MAX_MEGABYTES),
      (answer) => this.#answered(answer),
      (end) => this.#gone(end),
    )
    this.#child = child
    return child
  }

  #answered(answer: TemplateAnswer): void {
    switch (answer.kind) {
      case 'ready':
        this.#ready = true
        return
      case 'rendered':
        this.#take(answer.id)?.resolve(answer.text)
        return
      case 'failed':
        this.#take(answer.id)?.reject(unusable(answer.fault, answer.message))
        return
      default:
        assertNever(answer, 'answer about a template')
    }
  }

  #gone(end: ChildEnd): void {
    this.#child = null
    const waiting = this.#take(this.#waiting?.id)
    if (end.stopRequested) waiting?.reject(this.#closed ? closed() : unusable('time'))
    else waiting?.reject(this.#ready ? unusable('memory') : neverStarted(end))
  }

  #take(id: number | undefined): Waiting | null {
    const waiting = this.#waiting
    if (!waiting || waiting.id !== id) return null
    clearTimeout(waiting.timer)
    this.#waiting = null
    return waiting
  }
}

function closed(): TarsierError {
  return new TarsierError('internal', 'A chat template was used after its model was closed. Please report it.')
}

function neverStarted({ why, lastLine, cause }: ChildEnd): TarsierError {
  return new TarsierError(
    'internal',
    `The process that renders chat templates could not start (${why}). Close other programs and try again.`,
    { cause, details: { why, said: lastLine } },
  )
}

const NEEDLESS = 'more than a chat template needs'
/** Description of each fault, with its limit. */
const FAULTS: Readonly<Record<TemplateFault, string>> = {
  size: `is longer than ${MAX_TEMPLATE} characters, ${NEEDLESS}`,
  time: `takes longer than ${MAX_SECONDS} seconds, ${NEEDLESS}`,
  memory: `takes more than ${sizeText(MAX_MEGABYTES * 1e6)} of memory, ${NEEDLESS}`,
  length: `produces a text many times longer than the conversation, ${NEEDLESS}`,
  depth: `is nested too deeply or calls itself, ${NEEDLESS}`,
  syntax: 'is not valid Jinja',
  failure: 'cannot be used',
}

/** `message` contains the details from Jinja. */
export function unusable(fault: TemplateFault, message = ''): TarsierError {
  const more = message === '' || FAULTS[fault].endsWith(NEEDLESS) ? '' : `: ${message}`
  return new TarsierError(
    'model-damaged',
    `The model's chat template ${FAULTS[fault]}${more}. Import the model again with another chat template, or use another model.`,
    { details: { fault, said: message } },
  )
}

function tooLong(characters: number): TarsierError {
  return new TarsierError(
    'context-full',
    `The conversation has ${characters} characters, more than any model supports. Shorten the question, or start a new conversation.`,
    { details: { characters, limit: MAX_CONVERSATION } },
  )
}
