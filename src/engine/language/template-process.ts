import { createContext, runInContext } from 'node:vm'
import { Interpreter, Template } from '@huggingface/jinja'
import { MAX_SECONDS, type TemplateAnswer, type TemplateFault, type TemplateRequest } from './template-messages.ts'

/**
 * Process that renders chat templates. They are part of a checkpoint and not trusted, and a Jinja program can loop forever or exhaust
 * memory. Time and the length of every text are limited here. V8 limits the memory, and ends the process.
 */
class TooLong extends Error {}
class NoJinja extends Error {}

let maxLength = 0
const { evaluate } = Interpreter.prototype
// Check every intermediate text, because its length can double with every step.
Interpreter.prototype.evaluate = function (...node: Parameters<typeof evaluate>) {
  const result = evaluate.apply(this, node)
  if (typeof result.value === 'string' && result.value.length > maxLength) throw new TooLong()
  return result
}

let parsed: { readonly source: string; readonly template: Template } | null = null
let work: () => string = () => ''
const context = createContext({ work: () => work() })

process.on('message', (request: TemplateRequest) => {
  const { id, source, variables } = request
  maxLength = request.maxLength
  work = () => parse(source).render({ ...variables })
  let answer: TemplateAnswer
  try {
    // Node enforces the timeout on a separate thread, so that endless loops are ended as well.
    const text: unknown = runInContext('work()', context, { timeout: MAX_SECONDS * 1000 })
    answer = { kind: 'rendered', id, text: String(text) }
  } catch (error) {
    const message = String((error as Error).message).slice(0, 500)
    answer = { kind: 'failed', id, fault: faultOf(error), message }
  }
  process.send?.(answer)
})
process.on('disconnect', () => process.exit(0))
// Ctrl-C is sent to every process of the terminal; the parent process handles it.
process.on('SIGINT', () => {})
process.send?.({ kind: 'ready' } satisfies TemplateAnswer)

function parse(source: string): Template {
  if (parsed?.source === source) return parsed.template
  try {
    parsed = { source, template: new Template(source) }
  } catch (error) {
    throw isDeep(error) ? error : new NoJinja(error instanceof Error ? error.message : String(error), { cause: error })
  }
  return parsed.template
}

function faultOf(error: unknown): TemplateFault {
  if (error instanceof TooLong) return 'length'
  if (error instanceof NoJinja) return 'syntax'
  if (isDeep(error)) return 'depth'
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return 'time'
  return message === 'Invalid string length' ? 'length' : 'failure'
}

/** Compares the message, because errors from the VM context are instances of other classes. */
function isDeep(error: unknown): boolean {
  return (error as Error).message === 'Maximum call stack size exceeded'
}
