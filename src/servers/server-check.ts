import { join } from 'node:path'
import { userMessage } from '../engine/engine-client.ts'
import { resourceFolder } from '../platform/resource-folder.ts'
import { TarsierError } from '../shared/errors.ts'
import { samplingSchema } from '../shared/sampling.ts'
import type { ChatServer } from './chat-server.ts'
import { type ClipForm, clipPart } from './clip-form.ts'
import type { ClipPreparer, PreparedMessages } from './clip-preparer.ts'

const EXAMPLE = 'red-circle-right-then-grows.mp4'
/** vLLM uses the first 32 pictures of a list unless it is asked for all: these are more, and small. */
const MANY = { frames: { kind: 'uniform', count: 40 }, maxPixels: 28 * 28 } as const
/** Frames at the size that the model would have. */
const LARGE = { frames: { kind: 'uniform', count: 2 } } as const
const ONE_TOKEN = samplingSchema.parse({ maxTokens: 1 })

/** They are the same for all servers of a model. */
const known = new WeakMap<ClipPreparer, readonly PreparedMessages[]>()

/** The clips that a server is examined with, each in its own message, as the engine would see it. */
export async function probeClips(preparer: ClipPreparer, signal: AbortSignal): Promise<readonly PreparedMessages[]> {
  const earlier = known.get(preparer)
  if (earlier) return earlier
  const folder = resourceFolder('examples', EXAMPLE)
  if (folder === null)
    throw new TarsierError('file-missing', `The example clip ${EXAMPLE} is missing. Install Tarsier again.`, { remedy: 'install-again' })
  const path = join(folder, EXAMPLE)
  const probes: PreparedMessages[] = []
  for (const request of [MANY, LARGE]) {
    const messages = [userMessage(undefined, { path, ...request })]
    probes.push(await preparer.prepare(messages, { answerPrefix: '', format: 'png' }, () => {}, signal))
  }
  known.set(preparer, probes)
  return probes
}

/**
 * Finds the form of a clip with which a server counts as many prompt tokens for the probe clips as the engine: then it sees the same frames at the
 * same size. Throws `model-mismatch` if there is none, and as {@link ChatServer.complete} does.
 */
export async function agreedForm(
  server: ChatServer,
  model: string,
  forms: readonly ClipForm[],
  probes: readonly PreparedMessages[],
  signal: AbortSignal,
): Promise<ClipForm> {
  let first: TarsierError | null = null
  for (const form of forms) {
    const difference = await differenceWith(server, model, form, probes, signal)
    if (difference === null) return form
    first ??= difference
  }
  throw first ?? new TarsierError('internal', 'There is no form of a clip to examine a server with. Please report it.')
}

async function differenceWith(
  server: ChatServer,
  model: string,
  form: ClipForm,
  probes: readonly PreparedMessages[],
  signal: AbortSignal,
): Promise<TarsierError | null> {
  for (const probe of probes) {
    const question = { messages: serverMessages(probe, form), sampling: ONE_TOKEN, continuesAnswer: false, further: form.further }
    try {
      const { promptTokens } = await server.complete(question, signal)
      const difference = tokenDifference(server.url, model, probe, promptTokens)
      if (difference !== null) return difference
    } catch (error) {
      // The server refuses this form, or its fields: another one may do.
      if (error instanceof TarsierError && error.code === 'model-failed')
        return new TarsierError('model-mismatch', `${server.url} does not accept a clip as ${model} needs it: ${error.message} ${ADVICE}`, {
          cause: error,
          details: { server: server.url },
        })
      throw error
    }
  }
  return null
}

const ADVICE =
  'Serve the checkpoint that "tarsier models export" writes of this model, and start vLLM with --trust-request-mm-kwargs, or with the settings in docs/scale.md.'

/** The error for a server whose number of prompt tokens differs from the engine's; null if it is equal. */
export function tokenDifference(
  url: string,
  model: string,
  { tokens, messages }: PreparedMessages,
  found: number | null,
): TarsierError | null {
  const expected = tokens.visual + tokens.text
  if (found === expected) return null
  const frames = messages.flatMap(({ content }) => content.flatMap((part) => (part.kind === 'clip' ? part.frames : [])))
  const details = { server: url, expected, found, frames: frames.length, visual: tokens.visual, text: tokens.text }
  if (found === null)
    return new TarsierError(
      'model-mismatch',
      `${url} does not tell how many tokens a prompt has (usage.prompt_tokens), so it is unknown whether it sees the frames of a clip. Use vLLM or "tarsier serve".`,
      { details },
    )
  return new TarsierError(
    'model-mismatch',
    `${url} counts ${found} tokens where ${model} has ${expected} (${tokens.visual} for ${frames.length} frames and ${tokens.text} of text), so it does not see the same frames, or has another model. ${ADVICE}`,
    { details },
  )
}

/** Messages for the server, with their clips in a form that it accepts. */
export function serverMessages({ messages }: PreparedMessages, form: ClipForm): readonly object[] {
  return messages.map(({ role, content }) => {
    const text = content.map((part) => (part.kind === 'text' ? part.text : '')).join('')
    // Some chat templates accept lists of parts only for messages with clips.
    if (content.every((part) => part.kind === 'text')) return { role, content: text }
    return {
      role,
      content: content.map((part) => (part.kind === 'text' ? { type: 'text', text: part.text } : clipPart(part.frames, form))),
    }
  })
}
