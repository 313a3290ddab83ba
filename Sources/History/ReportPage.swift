import Telemetry

/// One HTML file that needs no server and no other file, and in which nothing runs.
enum ReportPage {
    /// - Parameters:
    ///   - title: any text.
    ///   - body: HTML, in which what anybody else wrote has been escaped.
    static func html(title: String, _ body: String) -> String {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
        <title>\(XMLText.escaped(title))</title>
        <style>\(style)</style>
        </head>
        <body>
        <main>
        \(body)
        </main>
        </body>
        </html>

        """
    }

    private static let style = """
        :root{color-scheme:light dark;font-family:system-ui,'DejaVu Sans',sans-serif;line-height:1.45}
        main{max-width:84rem;margin:0 auto;padding:1rem}
        h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}
        dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem}dt{opacity:.7}dd{margin:0;overflow-wrap:anywhere}
        table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.4rem .6rem;border-top:1px solid #8886}
        td{overflow-wrap:anywhere}.picture,.wide{overflow-x:auto}code{font-size:.85em}
        .bad{font-weight:600;color:#c0362c}@media(prefers-color-scheme:dark){.bad{color:#ff8f85}}
        a.proof{display:inline-block;padding:.5rem 1rem;border:1px solid;border-radius:.4rem}
        """
}
