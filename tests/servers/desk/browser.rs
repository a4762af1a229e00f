//! As much of a WebDriver client (W3C WebDriver, JSON over HTTP) as the desk's tests need.

use std::net::SocketAddr;
use std::process::Stdio;

use base64::Engine as _;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdout, Command};

/// Key under which WebDriver names an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// How the browser's window looks.
#[derive(Debug, Clone)]
pub struct Window {
    phone: bool,
    dark: bool,
    languages: &'static str,
    /// Where every host but 127.0.0.1 is found.
    elsewhere: Option<u16>,
}

impl Window {
    pub fn desktop() -> Self {
        Self { phone: false, dark: false, languages: "en", elsewhere: None }
    }

    pub fn phone() -> Self {
        Self { phone: true, ..Self::desktop() }
    }

    pub fn french(mut self) -> Self {
        self.languages = "fr-FR,fr";
        self
    }

    pub fn dark(mut self) -> Self {
        self.dark = true;
        self
    }

    /// Whatever other host is asked for is found at this port of 127.0.0.1.
    pub fn everything_else_at(mut self, port: u16) -> Self {
        self.elsewhere = Some(port);
        self
    }

    fn capabilities(&self) -> Value {
        let usual = ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1280,900"];
        let mut arguments: Vec<String> = usual.map(str::to_owned).into();
        if self.dark {
            arguments.push("--force-dark-mode".into());
            arguments.push("--blink-settings=preferredColorScheme=0".into());
        }
        if let Some(port) = self.elsewhere {
            // The browser's own business with its maker is not the page's.
            let maker = ["*.googleapis.com", "*.google.com", "*.gvt1.com"].map(|host| format!("MAP {host} ~NOTFOUND"));
            let rules = format!("{}, MAP * 127.0.0.1:{port}, EXCLUDE 127.0.0.1", maker.join(", "));
            arguments.push(format!("--host-resolver-rules={rules}"));
            arguments.push("--disable-background-networking".into());
        }
        let mut options = json!({ "args": arguments, "prefs": { "intl.accept_languages": self.languages } });
        if self.phone {
            options["mobileEmulation"] = json!({ "deviceMetrics": { "width": 390, "height": 844, "pixelRatio": 2.0 } });
        }
        json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": { "browser": "ALL" },
        } } })
    }
}

/// The driver keeps its connections open, so an answer ends where its length says.
async fn read_answer(mut stream: BufReader<TcpStream>) -> Vec<u8> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        assert!(stream.read_line(&mut line).await.unwrap() > 0, "chromedriver hung up");
        let line = line.trim().to_lowercase();
        if line.is_empty() {
            break;
        }
        length = line.strip_prefix("content-length:").map_or(length, |value| value.trim().parse().unwrap());
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    body
}

/// A browser; killed when dropped.
pub struct Browser {
    driver: Child,
    // Kept open, so that the driver can go on writing.
    _said: Lines<BufReader<ChildStdout>>,
    address: SocketAddr,
    session: String,
    phone: bool,
}

/// How long a page may take to be followed by another.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

impl Browser {
    pub async fn start(window: &Window) -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("chromedriver is missing: apt-get install chromium chromium-driver");
        let mut said = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = loop {
            let line = said.next_line().await.unwrap().expect("chromedriver ended before it was ready");
            if let Some((_, port)) = line.split_once("started successfully on port ") {
                break port.trim_end_matches('.').parse().unwrap();
            }
        };
        let mut browser = Self {
            driver,
            _said: said,
            address: ([127, 0, 0, 1], port).into(),
            session: String::new(),
            phone: window.phone,
        };
        let answer = browser.call("POST", "/session", &window.capabilities()).await;
        browser.session = answer["sessionId"].as_str().unwrap_or_else(|| panic!("no session: {answer}")).to_owned();
        browser
    }

    async fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let value = self.answer(method, path, body).await;
        assert!(value["error"].is_null(), "{path}: {value}");
        value
    }

    async fn answer(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = if method == "POST" { body.to_string() } else { String::new() };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n{body}",
            self.address,
            body.len()
        );
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let body = read_answer(BufReader::new(stream)).await;
        let value: Value = serde_json::from_slice(&body).unwrap();
        value["value"].clone()
    }

    async fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        self.call(method, &format!("/session/{}{path}", self.session), body).await
    }

    async fn find(&self, selector: &str) -> String {
        let found = self.ask("POST", "/element", &json!({ "using": "css selector", "value": selector })).await;
        found[ELEMENT].as_str().unwrap().to_owned()
    }

    pub async fn open(&mut self, address: &str) {
        self.ask("POST", "/url", &json!({ "url": address })).await;
    }

    pub async fn address(&mut self) -> String {
        self.ask("GET", "/url", &Value::Null).await.as_str().unwrap().to_owned()
    }

    /// Clicks, and waits for the page that follows. The driver waits by itself only where the answer is quick: it may say that it
    /// has clicked before the browser has left the page, whose element is gone once it has.
    pub async fn click(&mut self, selector: &str) {
        let element = self.find(selector).await;
        self.ask("POST", &format!("/element/{element}/click"), &json!({})).await;
        let name = format!("/session/{}/element/{element}/name", self.session);
        let left = async { while self.answer("GET", &name, &Value::Null).await["error"].is_null() {} };
        tokio::time::timeout(PATIENCE, left).await.unwrap_or_else(|_| panic!("{selector} leads nowhere"));
    }

    /// Types at the end of a field.
    pub async fn fill(&mut self, selector: &str, text: &str) {
        let element = self.find(selector).await;
        self.ask("POST", &format!("/element/{element}/value"), &json!({ "text": text })).await;
    }

    /// Presses keys wherever the focus is.
    pub async fn press(&mut self, keys: &str) {
        let actions: Vec<Value> = keys
            .chars()
            .flat_map(|key| [json!({ "type": "keyDown", "value": key }), json!({ "type": "keyUp", "value": key })])
            .collect();
        let sources = json!({ "actions": [{ "type": "key", "id": "keys", "actions": actions }] });
        self.ask("POST", "/actions", &sources).await;
    }

    pub async fn run(&mut self, script: &str) -> Value {
        self.ask("POST", "/execute/sync", &json!({ "script": script, "args": [] })).await
    }

    /// Runs a script that says by `done(…)` when it has come to its end.
    pub async fn run_until_done(&mut self, script: &str) -> Value {
        let script = format!("const done = arguments[0]; {script}");
        self.ask("POST", "/execute/async", &json!({ "script": script, "args": [] })).await
    }

    /// What the browser's console holds: refused resources, broken scripts.
    pub async fn complaints(&mut self) -> Vec<String> {
        let log = self.ask("POST", "/se/log", &json!({ "type": "browser" })).await;
        let entries = log.as_array().unwrap().iter();
        // A page answered with 401 or 409 on purpose is no complaint.
        let said = entries.filter_map(|entry| entry["message"].as_str()).map(str::to_owned);
        said.filter(|message| !message.contains("the server responded with a status of 4")).collect()
    }

    async fn devtools(&self, command: &str, params: Value) -> Value {
        self.ask("POST", "/goog/cdp/execute", &json!({ "cmd": command, "params": params })).await
    }

    /// The whole page as PNG, in a window as tall as the page: what sticks to the window's edge then
    /// stands at its own place.
    pub async fn screenshot(&mut self) -> Vec<u8> {
        let size = &self.devtools("Page.getLayoutMetrics", json!({})).await["cssContentSize"];
        let window = json!({
            "width": size["width"], "height": size["height"],
            "deviceScaleFactor": if self.phone { 2 } else { 1 }, "mobile": self.phone,
        });
        self.devtools("Emulation.setDeviceMetricsOverride", window).await;
        let shot = self.devtools("Page.captureScreenshot", json!({})).await;
        self.devtools("Emulation.clearDeviceMetricsOverride", json!({})).await;
        base64::engine::general_purpose::STANDARD.decode(shot["data"].as_str().unwrap()).unwrap()
    }

    /// Closes browser and driver.
    pub async fn end(mut self) {
        self.ask("DELETE", "", &Value::Null).await;
        self.driver.kill().await.unwrap();
    }
}
