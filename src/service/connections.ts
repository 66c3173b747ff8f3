import type { Connection } from '../shared/contract/system.ts'

/** Every connection the app can make. There is no other; a test holds the code to it. */
export const connections: readonly Connection[] = [
  {
    to: 'the Hugging Face hub (huggingface.co), or the one that HF_ENDPOINT names, through the proxy that HTTPS_PROXY names',
    why: 'to fetch a model that you chose',
    when: 'only when you start or resume a download',
  },
  {
    to: 'this machine itself (127.0.0.1)',
    why: 'the page asks the server of "tarsier serve"',
    when: 'only while "tarsier serve" runs; the desktop app opens no port',
  },
]
