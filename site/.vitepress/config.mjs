import { defineConfig } from 'vitepress'

/** GitHub's rule, by which the links in the pages were written. @param {string} heading */
function slugify(heading) {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-')
}

const page = (/** @type {string} */ text, /** @type {string} */ link) => ({ text, link })

export default defineConfig({
  title: 'Tarsier Desktop',
  description: 'Drop a video, and a model on your own machine describes it in detail and answers questions about it.',
  lang: 'en',
  srcDir: 'pages',
  // Addresses of servers in examples.
  ignoreDeadLinks: [/^https?:\/\/localhost/],
  head: [['link', { rel: 'icon', href: '/tarsier.svg', type: 'image/svg+xml' }]],
  markdown: {
    anchor: { slugify },
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
    config(md) {
      // Texts in double braces are texts, not expressions.
      md.core.ruler.push('no-expressions', ({ tokens }) => {
        for (const token of tokens)
          if (token.type === 'inline')
            for (const child of token.children ?? []) if (child.type === 'text') child.content = child.content.replaceAll('{{', '{\u200b{')
      })
    },
  },
  themeConfig: {
    logo: '/tarsier.svg',
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [page('Start', '/start'), page('Models', '/models'), page('Troubleshooting', '/troubleshooting')],
    sidebar: [
      {
        text: 'Begin',
        items: [
          page('Start', '/start'),
          page('Installing', '/install'),
          page('A real model', '/models'),
          page('The demo model', '/demo-model'),
          page('GPUs', '/devices'),
        ],
      },
      {
        text: 'Use',
        items: [
          page('Captions for training', '/captions'),
          page('Times into an editor', '/events'),
          page('Benchmarks', '/benchmarks'),
          page('Many machines', '/jobs'),
          page('With other servers', '/scale'),
        ],
      },
      {
        text: 'Programs',
        items: [
          page('API', '/openai-api'),
          page('Agents', '/agents'),
          page('Command line', '/reference/cli'),
          page('Settings', '/reference/settings'),
        ],
      },
      {
        text: 'Help',
        items: [
          page('Troubleshooting', '/troubleshooting'),
          page('Security', '/security'),
          page('Licences', '/licences'),
          page('Changes', '/changelog'),
        ],
      },
      {
        text: 'Inside',
        items: [
          page('Architecture', '/architecture'),
          page('Glossary', '/glossary'),
          page('Decisions', '/decisions/'),
          page('Contributing', '/contributing'),
        ],
      },
    ],
    footer: { message: 'Apache License 2.0' },
  },
})
