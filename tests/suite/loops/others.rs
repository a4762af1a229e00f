//! Who else answers mail: other responders, lists, absent people, and servers that could not deliver.

use super::counter::Left;

/// A customer's letter.
pub fn letter(from: &str, to: &str, n: usize) -> String {
    format!(
        "Return-Path: <{from}>\r\nMessage-ID: <letter.{n}@mail.example>\r\nFrom: Kim <{from}>\r\nTo: {to}\r\n\
         Subject: Order 4821{n}\r\nDate: Mon, 2 Mar 2026 09:00:00 +0100\r\nContent-Type: text/plain\r\n\r\n\
         The kettle of order 4821{n} stopped working, I want my money back.\r\n"
    )
}

/// A responder that sets no mark at all and cites nothing.
pub fn dumb(from: &str, subject: &str, n: usize) -> String {
    format!(
        "Return-Path: <{from}>\r\nMessage-ID: <dumb.{n}@mail.example>\r\nFrom: {from}\r\nTo: support@shop.example\r\n\
         Subject: Your message ({subject})\r\nDate: Mon, 2 Mar 2026 09:00:00 +0100\r\nContent-Type: text/plain\r\n\r\n\
         We have received your message number {n} and will look into it.\r\n"
    )
}

/// What a relay takes out of an automatic mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stripped {
    Nothing,
    /// The marks of a machine, and `<>`.
    Marks,
    /// And what it answers.
    MarksAndThread,
    /// And its identity and the case's reference in the subject.
    Everything,
}

impl Stripped {
    pub const ALL: [Self; 4] = [Self::Nothing, Self::Marks, Self::MarksAndThread, Self::Everything];

    /// What arrives at the other side.
    pub fn relay(self, left: &Left, sender: &str) -> String {
        let text = String::from_utf8_lossy(&left.bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let head = head.replace("\r\n ", " ");
        let gone = |line: &str| {
            let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
            let marks = ["auto-submitted", "x-auto-response-suppress", "precedence"].contains(&name.as_str());
            let thread = ["in-reply-to", "references"].contains(&name.as_str());
            let identity = ["message-id", "subject"].contains(&name.as_str());
            match self {
                Self::Nothing => false,
                Self::Marks => marks,
                Self::MarksAndThread => marks || thread,
                Self::Everything => marks || thread || identity,
            }
        };
        let kept: Vec<&str> = head.lines().filter(|line| !gone(line)).collect();
        let return_path = if self == Self::Nothing { "" } else { sender };
        let named = match self {
            Self::Everything => {
                format!("Message-ID: <{}.relay@mail.example>\r\nSubject: Hello\r\n", left.message_id.len())
            }
            _ => String::new(),
        };
        format!("Return-Path: <{return_path}>\r\n{named}{}\r\n\r\n{body}", kept.join("\r\n"))
    }
}

/// Our mail sent back by a forwarder that writes its own envelope sender.
pub fn forwarded(left: &Left, by: &str) -> String {
    format!(
        "Return-Path: <{by}>\r\nReceived: from {by} by mx; Mon, 2 Mar 2026 09:30:00 +0100\r\nResent-From: {by}\r\n\
         Resent-To: support@shop.example\r\n{}",
        String::from_utf8_lossy(&left.bytes)
    )
}

/// A post to a discussion list that we are subscribed to.
pub fn list_post(n: usize) -> String {
    format!(
        "Return-Path: <friends-bounces@lists.example>\r\nMessage-ID: <post.{n}@member{n}.example>\r\n\
         From: Member <member@member{n}.example>\r\nTo: friends@lists.example\r\nCc: support@shop.example\r\n\
         List-Id: <friends.lists.example>\r\nList-Post: <mailto:friends@lists.example>\r\nPrecedence: list\r\n\
         List-Unsubscribe: <mailto:friends-leave@lists.example>\r\nSubject: [friends] refund of order {n}\r\n\
         Content-Type: text/plain\r\n\r\nHas anybody got a refund from this shop?\r\n"
    )
}

/// An absence notice; `marked` as programs should, or known by its subject only.
pub fn absence(subject: &str, text: &str, marked: bool, answers: &str, n: usize) -> String {
    let (return_path, marks) =
        if marked { ("", "Auto-Submitted: auto-replied (vacation)\r\n") } else { ("kim@home.example", "") };
    format!(
        "Return-Path: <{return_path}>\r\nMessage-ID: <away.{n}@home.example>\r\n{marks}From: Kim <kim@home.example>\r\n\
         To: support@shop.example\r\nIn-Reply-To: <{answers}>\r\nSubject: {subject}\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{text}\r\n"
    )
}

/// Language, subject and text of absence notices.
pub const ABSENCES: [(&str, &str, &str); 10] = [
    ("fr", "Réponse automatique : votre message", "Je suis absente jusqu'à lundi."),
    ("en", "Out of office: your message", "I am away until Monday."),
    ("de", "Abwesenheitsnotiz: Ihre Nachricht", "Ich bin bis Montag nicht da."),
    ("es", "Respuesta automática: su mensaje", "Estoy fuera hasta el lunes."),
    ("it", "Risposta automatica: il suo messaggio", "Sono assente fino a lunedì."),
    ("nl", "Automatisch antwoord: uw bericht", "Ik ben tot maandag afwezig."),
    ("pt", "Resposta automática: a sua mensagem", "Estou fora até segunda-feira."),
    ("pl", "Automatyczna odpowiedź: wiadomość", "Wracam w poniedziałek."),
    ("sv", "Autosvar: ditt meddelande", "Jag är borta till måndag."),
    ("da", "Autosvar: din besked", "Jeg er væk til mandag."),
];

/// What servers make of a mail that they cannot deliver.
pub mod bounce {
    use super::super::counter::Left;

    type Kind = fn(&Left, usize) -> String;
    /// As RFC 3464 wants it, as old servers write it, and as a person's server that knows no rules does.
    pub const ALL: [Kind; 3] = [report, old, nameless];

    fn report(left: &Left, n: usize) -> String {
        format!(
            "Return-Path: <>\r\nMessage-ID: <dsn.{n}@mx.example>\r\nFrom: MAILER-DAEMON@mx.example\r\nTo: support@shop.example\r\n\
             Subject: Undelivered Mail Returned to Sender\r\nAuto-Submitted: auto-replied\r\n\
             Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n\
             --b\r\nContent-Type: text/plain\r\n\r\nIt was not delivered.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n\
             Reporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; kim@home.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n\
             --b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{}>\r\nSubject: {}\r\n\r\n--b--\r\n",
            left.message_id, left.subject
        )
    }

    fn old(left: &Left, n: usize) -> String {
        format!(
            "Return-Path: <>\r\nMessage-ID: <old.{n}@mx.example>\r\nFrom: postmaster@home.example\r\nTo: support@shop.example\r\n\
             Subject: failure notice\r\n\r\nHi. This is the mail program at home.example.\r\n<kim@home.example>: no such user.\r\n\r\n\
             --- Below this line is a copy of the message.\r\n\r\n{}",
            left.text()
        )
    }

    fn nameless(left: &Left, n: usize) -> String {
        format!(
            "Return-Path: <postmaster@home.example>\r\nMessage-ID: <odd.{n}@home.example>\r\nFrom: Mail <postmaster@home.example>\r\n\
             To: support@shop.example\r\nIn-Reply-To: <{}>\r\nSubject: Re: {}\r\n\r\nThis person is unknown here.\r\n",
            left.message_id, left.subject
        )
    }
}
