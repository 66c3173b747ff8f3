import { basename } from 'node:path'
import { type McpServer, ProtocolError, ProtocolErrorCode, ResourceTemplate } from '@modelcontextprotocol/server'
import { asTarsierError, isAbort } from '../../shared/errors.ts'
import type { AgentParts } from './parts.ts'
import { shownText } from './shown-text.ts'

/**
 * Registers the clips in the allowed folders as resources. Reading one returns what is known of the file, and a picture from its middle: the file itself
 * would be too long for a model, and no agent's program plays videos.
 */
export function registerClips(server: McpServer, { service, folders }: AgentParts): void {
  const list = async ({ mcpReq: { signal } }: { readonly mcpReq: { readonly signal: AbortSignal } }) => {
    const { paths, complete } = await folders.list(signal)
    const resources = paths.map((path) => ({
      uri: folders.addressOf(path),
      name: basename(path),
      description: folders.nameOf(path),
      mimeType: 'application/json',
    }))
    return { resources, _meta: { complete } }
  }
  server.registerResource(
    'clips',
    new ResourceTemplate('clip:///{+path}', { list }),
    {
      title: 'Videos and pictures',
      description: 'The clips in the allowed folders: their properties, and a picture from the middle.',
    },
    async ({ href }, _variables, { mcpReq: { signal } }) => {
      try {
        const path = await folders.fileOf(href)
        const { kind, width, height, duration, rate, frameCount, codec, bytes, notices } = await service.media.probe(path, signal)
        const facts = { path: folders.nameOf(path), kind, width, height, duration, rate, frameCount, codec, bytes, notices }
        const jpeg = await service.media.thumbnail(path, null, signal)
        return {
          contents: [
            { uri: href, mimeType: 'application/json', text: JSON.stringify(facts) },
            { uri: href, mimeType: 'image/jpeg', blob: Buffer.from(jpeg).toString('base64') },
          ],
        }
      } catch (error) {
        if (isAbort(error) || signal.aborted) throw error
        const { code, message } = asTarsierError(error)
        const shown = shownText(message, { service, folders })
        throw new ProtocolError(ProtocolErrorCode.InvalidParams, `${shown} [${code}]`, { uri: href, error: { code, message: shown } })
      }
    },
  )
}
