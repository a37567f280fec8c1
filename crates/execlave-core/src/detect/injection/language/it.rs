//! Italian. A star stands for any ending.

use super::Language;

pub(super) const ITALIAN: Language = Language {
    lists: &[
        (
            "ignore",
            "ignora ignorare ignori ignorate dimentica dimenticare dimentichi dimenticate dimenticati \
             scarta trascura tralascia annulla perdere",
        ),
        (
            "earlier",
            "precedent* sopra iniziali iniziale originali originale sistema antecedenti sviluppator* \
             esistenti finora",
        ),
        ("before", "precedent* sopra prima ricevut* date iniziali sistema finora"),
        (
            "instruction",
            "istruzione istruzioni regola regole direttiva direttive ordine ordini linee prompt \
             indicazioni comandi restrizioni consegne",
        ),
        ("your", "tue tuo tua tuoi vostre sue"),
        ("all", "tutte tutti tutta ogni qualsiasi"),
        ("everything", "tutto ciò quello"),
        ("told", "detto insegnato ordinato indicato imparato chiesto dato date imposto"),
        (
            "reveal_foreign",
            "mostra mostrare mostrami mostri rivela rivelare rivelami stampa dimmi dammi ripeti \
             ripetere scrivi visualizza condividi svela elenca",
        ),
        ("system", "sistema nascost* segret* intern* iniziale iniziali"),
        ("prompt", "prompt istruzioni messaggio"),
        (
            "become",
            "sei agisci agire fingi fingere comportati simula simulare rispondi immagina diventa \
             interpreta sarai fai recita chiami chiamerai",
        ),
        ("outlaw", "malvagi* amoral* illimitat* censurat* dan"),
        ("none", "senza nessun nessuna alcuna alcun libero libera privo"),
        (
            "limit",
            "restrizione restrizioni limite limiti limitazione limitazioni regola regole filtri filtro \
             censura etica morale vincoli",
        ),
        ("assistant", "ia ai assistente modello bot chatbot robot intelligenza"),
        (
            "bypass",
            "disattiva* disattivare disabilita* aggira aggirare ignora elimina rimuovi evita elude \
             eludi spegni",
        ),
        (
            "bypass_foreign",
            "disattiva* disattivare disabilita* aggira aggirare ignora elimina rimuovi evita elude \
             eludi spegni",
        ),
        (
            "guard",
            "filtro filtri restrizioni sicurezza protezione protezioni limiti limitazioni moderazione \
             politiche salvaguardie",
        ),
        ("recite", "ripeti ripetere riporta copia ricopia trascrivi riproduci riscrivi scrivi"),
        ("passage", "testo messaggio messaggi contenuto scritto parole"),
        ("above", "sopra precedent* prima precede iniziata"),
        ("verbatim", "parola letter* testual* lettera integral* carattere"),
        ("got", "ricevuto ricevute dato date"),
        ("conversation", "conversazione chat dialogo discussione"),
        ("send_foreign", "invia inviare inviate manda mandare spedisci inoltra trasmetti pubblica"),
        ("secret", "password chiavi credenzial* segret* cronologia"),
        ("use_tool", "usa usate utilizza chiama esegui"),
        ("tool", "strumento strumenti funzione"),
        ("never", "non mai"),
        ("tell", "dire dica menzionare informare informa avvisare avvisa"),
        ("user", "utente"),
        ("skip", "senza salta"),
        ("approval", "conferma approvazione autorizzazione permesso consenso"),
        ("run_foreign", "elimina cancella trasferisci paga approva bonifico pagamento"),
        ("note_foreign", "nota avviso messaggio attenzione"),
        ("for_whom", "per"),
        ("llm", "ia llm chatgpt modello modelli"),
        ("must", "deve devono devi"),
        ("policy", "politica politiche regola regole direttiv*"),
        ("data", "dati informazioni password chiavi"),
        ("remember_foreign", "ricorda ricordati memorizza salva"),
        ("admin", "amministratore admin root"),
        ("show_me", "mostrami mostra dammi dimmi elenca accedi"),
        ("records", "fattur* ordin* cronologia dati conversazion* conto account"),
        ("other", "altro altra altri"),
        ("tenant", "cliente inquilino azienda organizzazione utente"),
        ("fetch", "carica apri visita scarica"),
        ("summarize", "riassumi riassumere"),
        ("document", "documento pagina testo articolo"),
        ("then", "poi quindi"),
        ("refuse", "rifiuta rifiuti rifiuterà"),
        ("have", "ha hai conosce conosci"),
        ("stop", "smetti smettila lascia metti"),
        ("heed", "seguire rispettare obbedire"),
        ("i_am", "sono"),
        ("aside", "parte"),
        ("llm_noun", "assistente assistenti modello modelli sistema sistemi agente agenti"),
        ("standing", "sempre questo"),
        ("secret", super::NAMES),
        ("destination", super::ADDRESSES),
        (
            "discussion",
            "esempi* attacc* aggressor* frase frasi tecnica tecniche vulnerabilità iniezion* \
             injection* rileva* ricercator* malevol* dannos* rischi*",
        ),
    ],
};
