import type { TowerSessionOptions } from './session-options.ts'

/** Requests to the tower's thread; each gets one response, in order. */
export type ToThread =
  | { readonly kind: 'open'; readonly path: string; readonly options: TowerSessionOptions }
  | { readonly kind: 'run'; readonly inputs: readonly NamedFloats[] }
  | { readonly kind: 'close' }

export type FromThread =
  | { readonly kind: 'opened' }
  | { readonly kind: 'ran'; readonly output: NamedFloats; readonly inputs: readonly NamedFloats[] }
  | { readonly kind: 'closed' }
  | { readonly kind: 'failed'; readonly message: string }

/** A dense 32-bit tensor; its buffer is transferred to the receiver. */
export interface NamedFloats {
  readonly name: string
  readonly dims: readonly number[]
  readonly data: Float32Array<ArrayBuffer>
}
