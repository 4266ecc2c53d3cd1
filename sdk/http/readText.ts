/** The text of a peer's answer, and not much more of it than `most` bytes: a peer could send them without end. */
export async function readText(answer: Response, most: number): Promise<string> {
  const reader = answer.body?.getReader()
  const decoder = new TextDecoder()
  let text = ''
  let length = 0
  for (let chunk = await reader?.read(); chunk?.value !== undefined; chunk = await reader?.read()) {
    length += chunk.value.length
    text += decoder.decode(chunk.value, { stream: true })
    if (length <= most) continue
    await reader?.cancel()
    break
  }
  return text
}
