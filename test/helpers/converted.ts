import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = (path: string) => fileURLToPath(new URL(`../fixtures/${path}`, import.meta.url))

/**
 * The output of llama.cpp's own converter for a checkpoint, and of the reference tokenizer for texts
 * (tools/reference/converter_fixtures.py).
 */
export interface Converted {
  readonly metadata: Readonly<Record<string, { readonly type: readonly string[]; readonly value: unknown }>>
  readonly tensors: Readonly<Record<'f16' | 'f32', Readonly<Record<string, { type: string; shape: number[]; sha256: string }>>>>
  readonly texts: readonly { readonly text: string; readonly tokens: readonly number[] }[]
}

export type LlamaCheckpointName = 'vicuna' | 'yi' | 'json-only' | 'qwen2'

export const llamaCheckpoints: readonly LlamaCheckpointName[] = ['vicuna', 'yi', 'json-only', 'qwen2']

/** A tiny random checkpoint of the language models that Tarsier 1 uses. */
export function llamaCheckpoint(name: LlamaCheckpointName): string {
  return folder(`converted/${name}`)
}

export function readConverted(name: string): Converted {
  return JSON.parse(readFileSync(folder(`converted/${name}.json`), 'utf8'))
}
