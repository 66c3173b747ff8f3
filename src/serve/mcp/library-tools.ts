import { modelBytes } from '../../engine/models/manifest.ts'
import { listModels } from '../../engine/models/registry.ts'
import type { FoundClip } from '../../library/search.ts'
import type { Snippet } from '../../shared/contract/library.ts'
import type { ToolOutput } from './call.ts'
import type { AgentParts } from './parts.ts'
import type { ModelsOutput, SearchInput, SearchOutput } from './schemas.ts'
import { shownText } from './shown-text.ts'

/**
 * Searches the library. A server that shows paths belongs to one program, which may know only of the files in the allowed folders; the token of
 * `tarsier serve` opens the whole library.
 */
export async function searchLibrary({ limit, offset = 0, ...search }: SearchInput, { service, folders }: AgentParts): Promise<ToolOutput> {
  const { items, total } = folders.showsPaths ? within(limit, offset) : service.search({ ...search, limit, offset })
  const found = await Promise.all(
    items.map(async ({ chat, clip, updated, snippets }) => {
      const file = await folders.find(clip.path)
      return {
        name: clip.name,
        path: file === null ? null : folders.nameOf(file),
        kind: clip.kind,
        model: chat?.model ?? null,
        updated: new Date(updated).toISOString(),
        excerpts: snippets.map(excerptOf),
      }
    }),
  )
  const result: SearchOutput = { total, items: found }
  return { result }

  /** The library searches one folder at a time. */
  function within(count: number, skipped: number): { items: readonly FoundClip[]; total: number } {
    const parts = folders.names.map((folder) => service.search({ ...search, folder, limit: count + skipped }))
    const byId = new Map(parts.flatMap((part) => part.items).map((item) => [item.chat?.id ?? item.clip.handle, item]))
    const sorted = [...byId.values()].toSorted((a, b) => b.updated - a.updated)
    return { items: sorted.slice(skipped, skipped + count), total: parts.reduce((sum, part) => sum + part.total, 0) }
  }
}

function excerptOf(snippet: Snippet): SearchOutput['items'][number]['excerpts'][number] {
  const text = snippet.parts.map((part) => part.text).join('')
  return { of: snippet.field, text, ...('start' in snippet && { start: snippet.start }) }
}

export async function installedModels({ service, folders }: AgentParts): Promise<ToolOutput> {
  const shown = (text: string) => shownText(text, { service, folders })
  const models = (await listModels(service.home)).map(({ name, manifest, problem }) => ({
    name,
    recognizesOnly: manifest?.recognizesOnly ?? null,
    summary: manifest?.summary ?? '',
    bytes: manifest ? modelBytes(manifest) : 0,
    context: manifest?.maxSequence ?? 0,
    problem: problem === null ? null : shown(problem),
  }))
  const result: ModelsOutput = { models, selected: shown(service.settings().model) }
  return { result }
}
