//! Swedish. A star stands for any ending.

use super::Language;

pub(super) const SWEDISH: Language = Language {
    lists: &[
        ("ignore", "ignorera ignorerar glöm glömma strunta bortse"),
        ("earlier", "tidigare föregående ovanstående ursprungliga ovan systemets befintliga"),
        ("before", "ovan tidigare innan fått"),
        (
            "instruction",
            "instruktion instruktioner instruktionerna regler reglerna riktlinjer riktlinjerna \
             anvisningar order prompt prompten direktiv begränsningar",
        ),
        ("your", "dina din ditt era"),
        ("all", "alla samtliga varje"),
        ("everything", "allt vad"),
        ("told", "sagt lärt sagts fått"),
        ("reveal_foreign", "visa avslöja skriv berätta upprepa dela ge lista"),
        ("system", "system dolda hemliga interna"),
        ("prompt", "prompt prompten instruktioner meddelande"),
        ("systemprompt", "systemprompt systemprompten systeminstruktioner systemmeddelande"),
        ("become", "är agera låtsas svara bete spela simulera bli"),
        ("outlaw", "ond ocensurerad obegränsad amoralisk ofiltrerad"),
        ("none", "utan inga fri ingen"),
        ("limit", "begränsningar restriktioner regler gränser filter censur etik moral spärrar"),
        ("assistant", "ai assistent modell bot chatbot robot"),
        ("bypass", "kringgå inaktivera stäng ignorera ta avaktivera"),
        ("bypass_foreign", "kringgå inaktivera stäng ignorera ta avaktivera"),
        ("guard", "filter säkerhet* begränsningar skydd* moderering restriktioner spärrar"),
        (
            "discussion",
            "exempel attack* angripare fras* teknik* sårbarhet* injektion* injection upptäck* \
             forskare skadlig* risk*",
        ),
    ],
};
