//! German. A star stands for any ending.

use super::Language;

pub(super) const GERMAN: Language = Language {
    lists: &[
        (
            "ignore",
            "ignoriere ignorieren ignoriert ignorier vergiss vergesst vergessen missachte missachten \
             verwirf verwerfen überschreibe übergehe umgehe",
        ),
        ("ignore_last", "ignorieren vergessen missachten verwerfen ignoriere"),
        (
            "earlier",
            "vorherig* bisherig* vorangegangen* obig* früher* vorig* ursprünglich* vorangehend* \
             anfänglich* system bestehend* zuvor entwickler* oben",
        ),
        ("before", "oben zuvor vorher bisher vorangegangen erhalten gegeben bekommen"),
        (
            "instruction",
            "anweisung anweisungen regel regeln instruktion instruktionen vorgabe vorgaben befehl \
             befehle richtlinie richtlinien anordnungen prompt prompts weisungen beschränkungen \
             systemanweisungen",
        ),
        ("your", "dein deine deinen deiner ihre ihren ihrer eure"),
        ("all", "alle allen sämtliche jede jegliche"),
        ("everything", "alles was"),
        (
            "told",
            "gesagt gelernt angewiesen beigebracht befohlen mitgeteilt vorgegeben gegeben aufgetragen",
        ),
        (
            "reveal_foreign",
            "zeig zeige zeigen nenne nennen verrate verraten gib gebe drucke wiederhole offenbare \
             offenlege schreibe teile enthülle sag liste",
        ),
        ("reveal_last", "aus zeigen nennen verraten wieder preis offen anzeigen ausgeben"),
        ("system", "system geheimen geheime versteckten versteckte internen interne"),
        ("prompt", "prompt prompts anweisung anweisungen nachricht"),
        (
            "systemprompt",
            "systemprompt systemprompts systemanweisung systemanweisungen systemnachricht \
             systemaufforderung",
        ),
        (
            "become",
            "bist sei werde verhalte verhalten antworte antworten spiele simuliere handle agiere stell \
             tu stelle benimm wärst heißt heisst nennst",
        ),
        (
            "outlaw",
            "böse böser böses unzensiert* uneingeschränkt* unbeschränkt* amoralisch* dan ungefiltert* \
             skrupellos*",
        ),
        ("none", "ohne keine keinerlei keinen frei"),
        (
            "limit",
            "einschränkung einschränkungen beschränkung beschränkungen regel regeln grenzen filter \
             zensur ethik moral limits richtlinien",
        ),
        ("assistant", "ki assistent modell bot chatbot roboter intelligenz sprachmodell ai"),
        (
            "bypass",
            "umgehe umgehen deaktiviere deaktivieren schalte abschalten ignoriere entferne entfernen \
             überwinde hebe heble aushebeln",
        ),
        (
            "bypass_foreign",
            "umgehe umgehen deaktiviere deaktivieren schalte abschalten ignoriere entferne entfernen \
             überwinde hebe heble aushebeln",
        ),
        ("bypass_last", "aus ab umgehen deaktivieren abschalten ausschalten auf entfernen"),
        (
            "guard",
            "filter einschränkung einschränkungen sicherheit* schutz* beschränkungen richtlinien \
             leitplanken moderation",
        ),
        (
            "recite",
            "wiederhole* wiederholen gib gebt schreib schreibe kopiere zitiere rezitiere abschreiben",
        ),
        ("passage", "text texts nachricht nachrichten inhalt wörter steht geschrieben"),
        ("above", "oben obig* vorher vorangehend* vor zuvor davor darüber"),
        (
            "verbatim",
            "wort wörtlich wortwörtlich buchstabe zeichen wortgetreu unverändert ungekürzt",
        ),
        ("got", "bekommen erhalten gegeben bekamst erhieltst"),
        ("conversation", "gespräch unterhaltung chat dialog konversation"),
        (
            "send_foreign",
            "sende senden sendet schick schicke schicken übermittle übertrage versende leite poste",
        ),
        (
            "secret",
            "passwort passwörter kennwort kennwörter schlüssel zugangsdaten geheimnis* geheimnisse \
             verlauf env umgebungsvariable*",
        ),
        ("use_tool", "benutze verwende nutze rufe"),
        ("tool", "werkzeug tool funktion"),
        ("never", "nicht nie niemals kein"),
        ("tell", "sage sag sagen erwähne erwähnen erwähnt informiere mitteilen melde"),
        ("user", "benutzer nutzer anwender benutzerin"),
        ("skip", "ohne überspringe umgehe"),
        (
            "approval",
            "bestätigung rückfrage genehmigung freigabe zustimmung nachfrage nachfragen erlaubnis",
        ),
        (
            "run_foreign",
            "lösche löschen überweise zahle bezahle genehmige übertrage überweisung zahlung",
        ),
        ("note_foreign", "hinweis nachricht achtung notiz mitteilung"),
        ("for_whom", "für"),
        ("llm", "ki llm chatgpt sprachmodell sprachmodelle"),
        ("must", "muss müssen soll sollen musst"),
        ("policy", "richtlinie richtlinien regel regeln vorgaben vorschrift* anweisungen"),
        ("data", "daten informationen passwörter schlüssel"),
        ("remember_foreign", "merke merk merkt speichere speicher"),
        ("admin", "administrator admin root"),
        ("show_me", "zeig zeige nenne öffne gib liste"),
        ("records", "rechnung* bestellung* verlauf daten gespräch* konto kontodaten"),
        ("other", "anderen andere anderer fremden"),
        ("tenant", "mandanten mandant kunde firma nutzers"),
        ("fetch", "lade öffne besuche rufe"),
        ("summarize", "fasse zusammenfassen"),
        ("document", "dokument seite text artikel mail"),
        ("then", "dann danach anschließend und"),
        ("refuse", "weigert weigerst ablehnt verweigert"),
        ("have", "kennt kennst hast"),
        ("stop", "hör höre leg lege"),
        ("heed", "befolgen befolge beachte folge folgen"),
        ("i_am", "bin"),
        ("aside", "beiseite"),
        ("llm_noun", "system systeme modell modelle assistent assistenten agent agenten"),
        ("standing", "immer dieser diesen"),
        ("secret", super::NAMES),
        ("destination", super::ADDRESSES),
        (
            "discussion",
            "beispiel* angriff* angreifer* phrase* satz technik* sicherheitslücke* schwachstelle* \
             injection* erkenn* forscher* bösartig* risik*",
        ),
    ],
};
