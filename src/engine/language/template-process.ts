import { createContext, runInContext } from 'node:vm'
import { Interpreter, Template } from '@huggingface/jinja'
import { MAX_SECONDS, type TemplateAnswer, type TemplateFault, type TemplateRequest } from './template-messages.ts'

/**
 * A process of its own for chat templates: they come with a checkpoint, so anybody may have written them, and a program in Jinja can
 * loop for ever or fill the memory. Time and the length of every text are limited here. Memory is limited by V8, which ends the process.
 */
class TooLong extends Error {}
class NoJinja extends Error {}

let maxLength = 0
const { evaluate } = Interpreter.prototype
// Texts double with every step, so each is measured, and not only the last one.
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
    // A thread of Node's own keeps the time, so a loop without an end is ended too.
    const text: unknown = runInContext('work()', context, { timeout: MAX_SECONDS * 1000 })
    answer = { kind: 'rendered', id, text: String(text) }
  } catch (error) {
    const message = String((error as Error).message).slice(0, 500)
    answer = { kind: 'failed', id, fault: faultOf(error), message }
  }
  process.send?.(answer)
})
process.on('disconnect', () => process.exit(0))
// Ctrl-C reaches every process of the terminal; the parent decides what it means.
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

/** By its words: errors of the context's own are of other classes. */
function isDeep(error: unknown): boolean {
  return (error as Error).message === 'Maximum call stack size exceeded'
}
