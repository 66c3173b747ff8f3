import type { MediaMetadata } from './media-metadata.ts'
import type { ModelManifest } from './model-manifest.ts'

/** The model's own request for a description of a clip of this kind, where the user asked nothing. */
export function descriptionPrompt({ describe, describePicture }: ModelManifest['prompt'], kind: MediaMetadata['kind'] | undefined): string {
  return kind === 'image' ? (describePicture ?? describe) : describe
}
