import type { CallToolResult, ContentBlock, ServerContext } from '@modelcontextprotocol/server'
import { asTarsierError, isAbort } from '../../shared/errors.ts'
import type { AgentParts } from './parts.ts'
import { CallProgress } from './progress.ts'
import { shownText } from './shown-text.ts'

/** A running call of a tool. */
export interface Call {
  readonly signal: AbortSignal
  readonly progress: CallProgress
  /** Resolves the path of a request; errors about the file then name it as the request does. */
  fileOf(path: string): Promise<string>
}

export interface ToolOutput {
  /** As the tool's output schema describes it. */
  readonly result: Record<string, unknown>
  /** Pictures after the result. */
  readonly content?: readonly ContentBlock[]
}

/** Runs a tool. Failures become results with a message and its code, which the agent can read. */
export async function runTool(
  { folders, service }: AgentParts,
  ctx: ServerContext,
  work: (call: Call) => Promise<ToolOutput>,
): Promise<CallToolResult> {
  using progress = new CallProgress(ctx)
  // An answer cannot be delivered any more once the connection of an HTTP request is closed.
  const closed = ctx.http?.req?.signal
  const signal = closed ? AbortSignal.any([ctx.mcpReq.signal, closed]) : ctx.mcpReq.signal
  const given = new Map<string, string>()
  const fileOf = async (path: string) => {
    const real = await folders.fileOf(path)
    given.set(real, path)
    return real
  }
  try {
    const { result, content = [] } = await work({ signal, progress, fileOf })
    return { content: [{ type: 'text', text: JSON.stringify(result) }, ...content], structuredContent: result }
  } catch (error) {
    if (isAbort(error) || signal.aborted) throw error
    const { code, message } = asTarsierError(error)
    if (code === 'internal') service.log.error('agents', message)
    const named = [...given].reduce((text, [real, path]) => text.replaceAll(real, () => path), message)
    const shown = shownText(named, { service, folders })
    return { isError: true, content: [{ type: 'text', text: `${shown} [${code}]` }], _meta: { error: { code, message: shown } } }
  }
}
