/** The addresses of the service, from its openapi.json. */
const made = (tag, text = "") => Object.assign(document.createElement(tag), { textContent: text })
const main = document.querySelector("main")
const { paths } = await (await fetch("/openapi.json")).json()

for (const [path, methods] of Object.entries(paths))
    for (const [method, operation] of Object.entries(methods)) {
        const section = made("details")
        const head = made("summary")
        head.append(made("code", `${method.toUpperCase()} ${path}`), ` ${operation.summary}`)
        section.append(head)
        for (const each of operation.parameters ?? []) section.append(made("p", `${each.name}: ${each.description}`))
        for (const [kind, content] of Object.entries(operation.requestBody?.content ?? {}))
            section.append(made("p", `body: ${kind}`), made("pre", JSON.stringify(content.schema, null, 2)))
        for (const [kind, content] of Object.entries(operation.responses[200].content))
            section.append(made("p", `answer: ${kind}`), made("pre", JSON.stringify(content.schema, null, 2)))
        main.append(section)
    }
