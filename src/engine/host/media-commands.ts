import type { FrameRequest } from '../../shared/frame-request.ts'
import type { ModelManifest } from '../../shared/model-manifest.ts'
import type { ShotEvent, ShotOptions } from '../media/shots.ts'
import type { PlanOptions } from '../media/types.ts'
import type { JpegFrame, PicturesRequest } from '../pictures.ts'

/** Commands to the media host, which opens clips for display. */
export type MediaCommand =
  | { readonly kind: 'probe'; readonly path: string }
  | { readonly kind: 'plan'; readonly path: string; readonly frames: FrameRequest; readonly options: PlanOptions }
  | { readonly kind: 'frame-steps'; readonly path: string }
  | { readonly kind: 'thumbnail'; readonly path: string }
  | { readonly kind: 'preview'; readonly path: string; readonly target: string }
  | { readonly kind: 'shots'; readonly path: string; readonly options: ShotOptions }
  | { readonly kind: 'pictures'; readonly request: PicturesRequest; readonly manifest: ModelManifest | null }

export type MediaEvent =
  | { readonly kind: 'picture'; readonly picture: JpegFrame }
  | { readonly kind: 'progress'; readonly value: number }
  | { readonly kind: 'shots'; readonly event: ShotEvent }
