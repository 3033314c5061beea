// Shows the OpenAPI document. The token that somebody types stays in this page.
"use strict";

window.addEventListener("load", () => {
  window.ui = SwaggerUIBundle({
    url: "/api/openapi.json",
    dom_id: "#swagger-ui",
    deepLinking: true,
    // the viewer would ask a public service otherwise
    validatorUrl: null,
    persistAuthorization: false,
    displayOperationId: true,
  });
});
