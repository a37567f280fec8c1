//! Spanish. A star stands for any ending.

use super::Language;

pub(super) const SPANISH: Language = Language {
    lists: &[
        (
            "ignore",
            "ignora ignore ignorad ignorar ignoren ignoras olvida olvide olviden olvidar olvídate \
             olvídese descarta descarte descartar omite omita omitir desobedece desatiende anula \
             cancela",
        ),
        (
            "earlier",
            "anterior anteriores previa previas previo previos precedente* inicial* original* sistema \
             desarrollador* arriba existente* antes",
        ),
        (
            "before",
            "anterior anteriores previa previas previo previos antes arriba recibid* dadas dado \
             sistema originales precedente* iniciales",
        ),
        (
            "instruction",
            "instruccion instrucciones regla reglas orden ordenes directriz directrices indicacion \
             indicaciones norma normas directiva directivas prompt consigna consignas restricciones \
             pautas",
        ),
        ("your", "tu tus su sus vuestra vuestras"),
        ("all", "todas todos toda todo cualquier"),
        ("everything", "todo cuanto lo"),
        (
            "told",
            "dijeron dijo dicho dije enseñaron indicaron indicado ordenado ordenaron aprendiste sabes \
             contado dieron dado impusieron pidieron",
        ),
        (
            "reveal_foreign",
            "muestra* muéstra* mostrar muestre revela* revelar revele dime dame diga imprime imprima \
             enseña* enséña* repite repita escribe cuéntame expón expone comparte",
        ),
        ("system", "sistema oculto ocultas secretas secreto internas interno inicial iniciales"),
        ("prompt", "prompt prompts instrucciones indicaciones mensaje"),
        (
            "become",
            "eres actúa* actua* actuar finge finja fingir simula simule compórta* responde responder \
             imagina imagine haz hazte sé serás conviértete interpreta asume llamas llamarás",
        ),
        ("outlaw", "malvad* amoral ilimitad* sin_censura dan desinhibid*"),
        ("none", "sin ninguna ningun ninguno libre"),
        (
            "limit",
            "restriccion restricciones limite limites limitacion limitaciones regla reglas filtro \
             filtros censura etica moral normas",
        ),
        ("assistant", "ia asistente modelo bot chatbot robot inteligencia ai"),
        (
            "bypass",
            "desactiva* desactivar deshabilita* elude eludir evita evitar salta sáltate saltarse burla \
             burlar elimina quita omite ignora apaga evade evadir",
        ),
        (
            "bypass_foreign",
            "desactiva* desactivar deshabilita* elude eludir evita evitar salta sáltate saltarse burla \
             burlar elimina quita omite ignora apaga evade evadir",
        ),
        (
            "guard",
            "filtro filtros restriccion restricciones seguridad salvaguarda* proteccion protecciones \
             limite limites limitaciones moderacion politicas politica medidas",
        ),
        (
            "recite",
            "repite repita repítelo repetir copia copie copiar reproduce reproduzca transcribe \
             transcriba reescribe escribe escriba vuelca",
        ),
        ("passage", "texto mensaje mensajes contenido escrito palabras"),
        ("above", "anterior anteriores arriba precede precedente* antes empezó comenzó"),
        ("verbatim", "palabra letra literal* textual* íntegr* carácter"),
        ("got", "recibiste recibido recibió dieron diste dado"),
        ("conversation", "conversación chat diálogo charla"),
        ("send_foreign", "envía* envíe* enviar manda* mande* reenvía* remite sube publica filtra"),
        ("secret", "contraseñ* claves credencial* secreto* historial entorno"),
        ("use_tool", "usa use usad utiliza* utilice ejecuta llama invoca"),
        ("tool", "herramienta* función"),
        ("never", "no nunca jamás"),
        (
            "tell",
            "digas diga decir avises avise menciones mencione cuentes cuente informes informe \
             notifiques",
        ),
        ("user", "usuario"),
        ("skip", "sin omite omita salta sáltate evita"),
        (
            "approval",
            "confirmación confirmar aprobación autorización permiso consentimiento revisión",
        ),
        (
            "run_foreign",
            "borra borre elimina elimine transfiere paga pague aprueba transferencia pago",
        ),
        ("note_foreign", "nota aviso mensaje atención"),
        ("for_whom", "para"),
        ("llm", "ia llm chatgpt inteligencia"),
        ("must", "debe deben debes"),
        ("policy", "política políticas norma* regla* directriz directrices"),
        ("data", "datos información contraseñ* clave*"),
        ("remember_foreign", "recuerda* recuerde memoriza* memorice guarda apunta"),
        ("admin", "administrador administradora admin root superusuario"),
        ("show_me", "muéstrame enséñame dame dime muestra enseña lista accede"),
        (
            "records",
            "factura* pedido* historial datos registro* conversación conversaciones cuenta*",
        ),
        ("other", "otro otra otros otras"),
        ("tenant", "cliente inquilino empresa organización usuario"),
        ("fetch", "carga* abre abra visita visite descarga*"),
        ("summarize", "resume resuma resumir"),
        ("document", "documento página texto artículo correo"),
        ("then", "luego después"),
        ("refuse", "niega niegas rechaza rehúsa"),
        ("have", "tiene tienes conoce conoces posee"),
        ("stop", "deja dejad dejar deje"),
        ("heed", "seguir obedecer cumplir caso sigas obedezcas cumplas hagas"),
        ("i_am", "soy"),
        ("aside", "lado"),
        ("llm_noun", "asistente asistentes modelo modelos sistema sistemas agente agentes"),
        ("standing", "siempre este"),
        ("secret", super::NAMES),
        ("destination", super::ADDRESSES),
        (
            "discussion",
            "ejemplo* ataque* atacante* frase* tecnica* seguridad vulnerabilidad* inyeccion detecta* \
             detectar investigador* malicios* riesgo*",
        ),
    ],
};
