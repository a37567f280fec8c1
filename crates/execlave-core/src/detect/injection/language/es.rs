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
             contado",
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
             imagina imagine haz hazte sé serás conviértete interpreta asume",
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
            "desactiva* desactivar deshabilita* elude eludir evita evitar salta sáltate saltarse \
             burla burlar elimina quita omite ignora apaga evade evadir",
        ),
        (
            "bypass_foreign",
            "desactiva* desactivar deshabilita* elude eludir evita evitar salta sáltate saltarse \
             burla burlar elimina quita omite ignora apaga evade evadir",
        ),
        (
            "guard",
            "filtro filtros restriccion restricciones seguridad salvaguarda* proteccion protecciones \
             limite limites limitaciones moderacion politicas politica medidas",
        ),
        (
            "discussion",
            "ejemplo* ataque* atacante* frase* tecnica* seguridad vulnerabilidad* inyeccion detecta* \
             detectar investigador* malicios* riesgo*",
        ),
    ],
};
