/** Scheme of the page's own address: files of the built page and nothing else lie behind it. */
export const PAGE_SCHEME = 'app'

/** Origin of the built page. */
export const PAGE_ORIGIN = `${PAGE_SCHEME}://tarsier`

/** Where the page is loaded from: the built one, or electron-vite's server while developing. */
export function pageUrl(): string {
  return process.env.ELECTRON_RENDERER_URL ?? `${PAGE_ORIGIN}/index.html`
}
