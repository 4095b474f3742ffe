/** A page to try the service: a file, or a drawing where the model takes pictures. */
const WORDS = {
    en: {
        title: "Try it", model: "Model", file: "A file", draw: "Or draw", ask: "What is it?", clear: "Clear",
        key: "API key", look: "Every number behind an answer:", docs: "Addresses", metrics: "Metrics",
        failed: "The service does not answer.",
    },
    "zh-Hans": {
        title: "试一试", model: "模型", file: "文件", draw: "或者画一个", ask: "这是什么?", clear: "清除",
        key: "API 密钥", look: "查看答案背后的每个数:", docs: "接口", metrics: "指标", failed: "服务没有回应。",
    },
    "zh-Hant": {
        title: "試一試", model: "模型", file: "檔案", draw: "或者畫一個", ask: "這是什麼?", clear: "清除",
        key: "API 金鑰", look: "查看答案背後的每個數:", docs: "介面", metrics: "指標", failed: "服務沒有回應。",
    },
}
const $ = (id) => document.getElementById(id)
const made = (tag, text = "") => Object.assign(document.createElement(tag), { textContent: text })
const pen = $("canvas").getContext("2d")
let models = []

function speak(language) {
    document.documentElement.lang = language
    for (const each of document.querySelectorAll("[data-word]")) each.textContent = WORDS[language][each.dataset.word]
}

function preferred() {
    const language = navigator.languages.find((each) => /^(en|zh)/i.test(each)) ?? "en"
    if (/^en/i.test(language)) return "en"
    return /hant|tw|hk|mo/i.test(language) ? "zh-Hant" : "zh-Hans"
}

async function asked(address, body) {
    const headers = $("key").value ? { authorization: `Bearer ${$("key").value}` } : {}
    $("wrong").textContent = ""
    try {
        const answer = await fetch(address, { method: "POST", body, headers })
        $("locked").hidden = answer.status !== 401 && !$("key").value
        const found = await answer.json()
        if (answer.ok) return found
        $("wrong").textContent = found.error
    } catch {
        $("wrong").textContent = WORDS[document.documentElement.lang].failed
    }
}

async function begin() {
    models = (await asked("v2/repository/index")) ?? []
    $("model").replaceChildren(...models.map((each) => made("option", `${each.name} ${each.version}`)))
    chosen()
}

function chosen() {
    const model = models[$("model").selectedIndex]
    $("drawing").hidden = model?.kind !== "image"
    $("look").textContent = model?.look ?? ""
}

async function predict(content, name) {
    const { name: model, version } = models[$("model").selectedIndex] ?? {}
    if (!model) return
    const found = await asked(`predict?${new URLSearchParams({ model, version, name })}`, content)
    $("found").replaceChildren()
    if (found) show(found)
}

function show(found) {
    if (!found.probabilities) {
        const row = made("tr")
        row.append(made("th", found.target), made("td", String(found.predicted)))
        return $("found").append(row)
    }
    const rows = Object.entries(found.probabilities).sort((one, other) => other[1] - one[1])
    for (const [name, share] of rows.slice(0, 10)) {
        const row = made("tr")
        const bar = made("td")
        bar.append(Object.assign(made("meter"), { value: share }))
        row.append(made("th", name), made("td", `${(100 * share).toFixed(1)} %`), bar)
        $("found").append(row)
    }
}

function clear() {
    pen.fillStyle = "black"
    pen.fillRect(0, 0, 280, 280)
}

function draw(event) {
    if (!event.buttons) return
    const { left, top } = $("canvas").getBoundingClientRect()
    const [x, y] = [event.clientX - left, event.clientY - top]
    Object.assign(pen, { strokeStyle: "white", lineWidth: 22, lineCap: "round" })
    pen.beginPath()
    pen.moveTo(x - event.movementX, y - event.movementY)
    pen.lineTo(x, y)
    pen.stroke()
}

$("language").onchange = () => speak($("language").value)
$("model").onchange = chosen
$("key").onchange = begin
$("file").onchange = () => $("file").files[0] && predict($("file").files[0], $("file").files[0].name)
$("ask").onclick = () => $("canvas").toBlob((blob) => predict(blob, "drawing.png"))
$("clear").onclick = clear
$("canvas").onpointermove = draw
$("canvas").onpointerdown = draw
$("language").value = preferred()
speak($("language").value)
clear()
begin()
