/** Scheme of the page's address. It serves only files of the built page. */
export const PAGE_SCHEME = 'app'

/** Origin of the built page. */
export const PAGE_ORIGIN = `${PAGE_SCHEME}://tarsier`

/** Address of the page: the built one, or electron-vite's server during development. */
export function pageUrl(): string {
  const { ELECTRON_RENDERER_URL: developing } = process.env
  return developing === undefined ? `${PAGE_ORIGIN}/index.html` : new URL(developing).href
}
