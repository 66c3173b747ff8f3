/** Files that `describe` writes next to clips, by their extension. */
export const sidecarExtensions = ['txt', 'json'] as const
export type SidecarExtension = (typeof sidecarExtensions)[number]
