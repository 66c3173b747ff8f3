import type { FrameRequest } from '../../shared/frame-request.ts'
import type { ModelManifest } from '../../shared/model-manifest.ts'
import type { SheetPiece } from '../media/pieces/contact-sheet.ts'
import type { CutMode, TimeRange } from '../media/pieces/piece-plan.ts'
import type { PiecePlan } from '../media/pieces/write-pieces.ts'
import type { SegmentEvent, SegmentSearch } from '../media/segments.ts'
import type { PlanOptions } from '../media/types.ts'
import type { EncodedFrame, PicturesRequest } from '../pictures.ts'

/** Commands to the media host, which opens clips for display. */
export type MediaCommand =
  | { readonly kind: 'probe'; readonly path: string }
  | { readonly kind: 'plan'; readonly path: string; readonly frames: FrameRequest; readonly options: PlanOptions }
  | { readonly kind: 'frame-steps'; readonly path: string }
  | { readonly kind: 'thumbnail'; readonly path: string; readonly time: number | null }
  | { readonly kind: 'preview'; readonly path: string; readonly target: string }
  | { readonly kind: 'segments'; readonly path: string; readonly search: SegmentSearch }
  | { readonly kind: 'plan-pieces'; readonly path: string; readonly ranges: readonly TimeRange[]; readonly mode: CutMode }
  | { readonly kind: 'write-piece'; readonly path: string; readonly plan: PiecePlan; readonly target: string }
  | { readonly kind: 'check-piece'; readonly path: string; readonly plan: PiecePlan; readonly target: string }
  | { readonly kind: 'contact-sheet'; readonly pieces: readonly SheetPiece[]; readonly target: string }
  | { readonly kind: 'pictures'; readonly request: PicturesRequest; readonly manifest: ModelManifest | null }

export type MediaEvent =
  | { readonly kind: 'picture'; readonly picture: EncodedFrame }
  | { readonly kind: 'notice'; readonly text: string }
  | { readonly kind: 'progress'; readonly value: number }
  | { readonly kind: 'segments'; readonly event: SegmentEvent }
